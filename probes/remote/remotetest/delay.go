package remotetest

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// chunk is data on its way, and when it arrives.
type chunk struct {
	data []byte
	due  time.Time
}

// delayConn holds data back for half a round trip in each direction, without narrowing the line. What was written before Close still
// arrives, as it would on a network.
type delayConn struct {
	net.Conn
	oneWay time.Duration

	in      chan chunk
	rest    []byte // of the chunk being read
	readErr error  // set before in is closed

	outMu  sync.Mutex // guards sending on out against closing it
	out    chan chunk
	ended  bool
	failed atomic.Bool // a write to the network failed

	closeMu sync.Mutex // guards deadlines against Close
	closed  chan struct{}
}

// The line holds this many chunks in each direction: at 32 KiB a chunk enough for 100 Mbit/s over 300 ms.
const chunksInFlight = 128

// What is still on its way when a connection is closed gets this much longer than a round trip to arrive.
const lingerTime = time.Second

// newDelayConn makes conn as slow as rtt says. Its goroutines run in tasks and end when the connection is closed.
func newDelayConn(conn net.Conn, rtt time.Duration, tasks *sync.WaitGroup) *delayConn {
	d := &delayConn{
		Conn:   conn,
		oneWay: rtt / 2,
		in:     make(chan chunk, chunksInFlight),
		out:    make(chan chunk, chunksInFlight),
		closed: make(chan struct{}),
	}
	tasks.Go(d.receive)
	tasks.Go(d.transmit)
	return d
}

func (d *delayConn) receive() {
	defer close(d.in)
	for {
		buf := make([]byte, 32<<10)
		n, err := d.Conn.Read(buf)
		if n > 0 {
			select {
			case d.in <- chunk{buf[:n], time.Now().Add(d.oneWay)}:
			case <-d.closed:
				d.readErr = net.ErrClosed
				return
			}
		}
		if err != nil {
			d.readErr = err
			return
		}
	}
}

func (d *delayConn) transmit() {
	defer func() { _ = d.Conn.Close() }()
	for c := range d.out {
		if d.failed.Load() {
			continue // so that nobody waits for room
		}
		time.Sleep(time.Until(c.due))
		if len(c.data) == 0 {
			closeWrite(d.Conn)
		} else if _, err := d.Conn.Write(c.data); err != nil {
			d.failed.Store(true)
		}
	}
}

// closeWrite ends the stream to the other side, or the connection where that cannot be done by itself.
func closeWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // an error says that it has ended already
		return
	}
	_ = conn.Close()
}

// Read gives data once it has been on its way long enough.
func (d *delayConn) Read(p []byte) (int, error) {
	if len(d.rest) == 0 {
		select {
		case c, ok := <-d.in:
			if !ok {
				return 0, d.readErr
			}
			if !d.sleep(time.Until(c.due)) {
				return 0, net.ErrClosed
			}
			d.rest = c.data
		case <-d.closed:
			return 0, net.ErrClosed
		}
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

// sleep waits for t and reports whether the connection is still open then.
func (d *delayConn) sleep(t time.Duration) bool {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-d.closed:
		return false
	}
}

// Write sends a copy of p on its way.
func (d *delayConn) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if !d.send(append([]byte(nil), p...)) {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func (d *delayConn) send(data []byte) bool {
	d.outMu.Lock()
	defer d.outMu.Unlock()
	if d.ended || d.failed.Load() {
		return false
	}
	d.out <- chunk{data, time.Now().Add(d.oneWay)}
	return true
}

// CloseWrite ends the stream to the other side after what was written so far.
func (d *delayConn) CloseWrite() error {
	if !d.send(nil) {
		return io.ErrClosedPipe
	}
	return nil
}

// SetDeadline sets the deadlines of the connection underneath, unless Close has set its own.
func (d *delayConn) SetDeadline(t time.Time) error {
	d.closeMu.Lock()
	defer d.closeMu.Unlock()
	if d.isClosed() {
		return net.ErrClosed
	}
	return d.Conn.SetDeadline(t)
}

func (d *delayConn) isClosed() bool {
	select {
	case <-d.closed:
		return true
	default:
		return false
	}
}

// Close ends reading at once, and the connection after what was written so far.
func (d *delayConn) Close() error {
	d.closeMu.Lock()
	defer d.closeMu.Unlock()
	if d.isClosed() {
		return nil
	}
	close(d.closed)
	// Wakes the reader underneath, and keeps the writer from waiting for a peer that reads no more. Errors say that it is closed.
	_ = d.Conn.SetReadDeadline(time.Unix(1, 0))
	_ = d.Conn.SetWriteDeadline(time.Now().Add(2*d.oneWay + lingerTime))

	d.outMu.Lock()
	defer d.outMu.Unlock()
	if !d.ended {
		d.ended = true
		close(d.out)
	}
	return nil
}
