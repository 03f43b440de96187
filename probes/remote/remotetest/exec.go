package remotetest

import (
	"context"
	"io"
	"sync"

	"golang.org/x/crypto/ssh"
)

// Exec is a command that a client asks for.
type Exec struct {
	User    string
	Command string
	Stdin   io.Reader // ends when the client ends it
	Stdout  io.Writer
	Stderr  io.Writer

	tasks *sync.WaitGroup // for what outlives the handler until the channel is closed
}

// Handler runs a command and gives its exit status; a negative one says that the signal of that number killed it. The context ends when
// the client kills the command or goes away.
type Handler func(ctx context.Context, e *Exec) int

// notFound is the status of a command that no handler knows.
const notFound = 127

// peer is one client that is logged in.
type peer struct {
	server *Server
	conn   *gateConn
	user   string
	tasks  sync.WaitGroup

	mu       sync.Mutex
	sessions int // session channels that are open
}

// open takes a channel or refuses it.
func (p *peer) open(ctx context.Context, nc ssh.NewChannel) {
	f := p.server.currentFaults()
	switch nc.ChannelType() {
	case "session":
		switch {
		case f.RefuseSessions:
			_ = nc.Reject(ssh.Prohibited, "administratively prohibited")
		case !p.enter():
			_ = nc.Reject(ssh.ConnectionFailed, "open failed")
		default:
			p.tasks.Go(func() { p.session(ctx, nc, sync.OnceFunc(p.leave)) })
		}
	case "direct-tcpip":
		if !p.server.opts.Forward || f.RefuseForwards {
			_ = nc.Reject(ssh.Prohibited, "administratively prohibited: open failed")
			return
		}
		p.tasks.Go(func() { p.forward(ctx, nc) })
	default:
		_ = nc.Reject(ssh.UnknownChannelType, "unknown channel type")
	}
}

// enter counts a session channel in, if there is room for it.
func (p *peer) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if limit := p.server.opts.MaxExecs; limit > 0 && p.sessions >= limit {
		return false
	}
	p.sessions++
	n := p.sessions
	p.server.count(func(c *Counts) {
		c.Channels++
		c.MaxChannels = max(c.MaxChannels, n)
	})
	return true
}

func (p *peer) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions--
}

// session serves the requests of a session channel until the client closes it. It calls leave before the client can know of the end.
func (p *peer) session(ctx context.Context, nc ssh.NewChannel, leave func()) {
	defer leave()
	ch, requests, err := nc.Accept()
	if err != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	started := false
	for r := range requests {
		ok := false
		switch r.Type {
		case "exec":
			var msg struct{ Command string }
			if started || ssh.Unmarshal(r.Payload, &msg) != nil {
				break
			}
			ok, started = true, true
			reply(r, true)
			running.Go(func() {
				p.exec(ctx, ch, msg.Command)
				leave()
				_ = ch.Close()
			})
			continue
		case "env", "pty-req":
			ok = true
		case "signal":
			cancel()
		}
		reply(r, ok)
	}
	cancel()
	running.Wait()
	_ = ch.Close()
}

func reply(r *ssh.Request, ok bool) {
	if r.WantReply {
		_ = r.Reply(ok, nil) // an error says that the connection is gone, which ends the loop that called
	}
}

// exec runs a command, with the faults that are set, and says how it ended.
func (p *peer) exec(ctx context.Context, ch ssh.Channel, command string) {
	f := p.server.currentFaults()
	p.server.count(func(c *Counts) { c.Execs++ })
	e := &Exec{User: p.user, Command: command, Stdin: ch, Stdout: ch, Stderr: ch.Stderr(), tasks: &p.tasks}
	if n := p.server.takeCut(); n > 0 {
		e.Stdout = &cutWriter{w: ch, left: n, cut: p.conn.cut}
	}
	if f.Freeze {
		p.conn.freeze()
	}
	status := p.run(ctx, f, e)
	if !f.NoExitStatus {
		sendStatus(ch, status)
	}
	_ = ch.CloseWrite()
}

func (p *peer) run(ctx context.Context, f Faults, e *Exec) int {
	if f.Noise != "" {
		_, _ = io.WriteString(e.Stdout, f.Noise)
	}
	switch {
	case f.HangExec:
		<-ctx.Done()
		return -9
	case f.NoLogin:
		_, _ = io.WriteString(e.Stdout, noLoginText)
		return 1
	case p.server.opts.Handler == nil:
		return notFound
	default:
		return p.server.opts.Handler(ctx, e)
	}
}

// sendStatus tells the client how its command ended. Errors say that the client is gone.
func sendStatus(ch ssh.Channel, status int) {
	if status >= 0 {
		_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
		return
	}
	_, _ = ch.SendRequest("exit-signal", false, ssh.Marshal(struct {
		Signal     string
		CoreDumped bool
		Message    string
		Language   string
	}{Signal: signalName(-status)}))
}

// signalName gives the name of a signal without SIG, as the protocol wants it.
func signalName(n int) string {
	names := map[int]string{
		1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 6: "ABRT", 8: "FPE", 9: "KILL", 10: "USR1", 11: "SEGV", 12: "USR2", 13: "PIPE", 14: "ALRM", 15: "TERM",
	}
	if s, ok := names[n]; ok {
		return s
	}
	return "TERM"
}

// cutWriter writes so much and then loses the connection.
type cutWriter struct {
	w    io.Writer
	left int64
	cut  func()
}

// Write writes p as far as the connection lasts.
func (c *cutWriter) Write(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, io.ErrClosedPipe
	}
	short := int64(len(p)) >= c.left
	if short {
		p = p[:c.left]
	}
	n, err := c.w.Write(p)
	c.left -= int64(n)
	if err == nil && short {
		c.cut()
		err = io.ErrClosedPipe
	}
	return n, err
}
