package remotetest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// forwardTime is how long the jump host tries to connect.
const forwardTime = 10 * time.Second

// forward connects a direct-tcpip channel with a loopback address. To anything else the server connects for nobody.
func (p *peer) forward(ctx context.Context, nc ssh.NewChannel) {
	var msg struct {
		Host       string
		Port       uint32
		OriginHost string
		OriginPort uint32
	}
	if err := ssh.Unmarshal(nc.ExtraData(), &msg); err != nil {
		_ = nc.Reject(ssh.ConnectionFailed, "malformed request")
		return
	}
	at, err := netip.ParseAddr(msg.Host)
	if err != nil || !at.IsLoopback() {
		_ = nc.Reject(ssh.Prohibited, "administratively prohibited: only loopback addresses are forwarded to")
		return
	}
	dialer := net.Dialer{Timeout: forwardTime}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(at.String(), strconv.FormatUint(uint64(msg.Port), 10)))
	if err != nil {
		_ = nc.Reject(ssh.ConnectionFailed, dialText(err))
		return
	}
	defer func() { _ = conn.Close() }()
	ch, requests, err := nc.Accept()
	if err != nil {
		return
	}
	defer func() { _ = ch.Close() }()
	p.server.count(func(c *Counts) { c.Forwards++ })
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	p.tasks.Go(func() { ssh.DiscardRequests(requests) })

	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(conn, ch)
		closeWrite(conn)
	})
	_, _ = io.Copy(ch, conn)
	_ = ch.CloseWrite()
	// The far side has ended, and says nothing more to what may still come from the client.
	_ = ch.Close()
	_ = conn.Close()
	both.Wait()
}

// dialText words a failure to connect as sshd does.
func dialText(err error) string {
	var netErr net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Connection refused"
	case errors.As(err, &netErr) && netErr.Timeout():
		return "Connection timed out"
	default:
		return err.Error()
	}
}
