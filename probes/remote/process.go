package remote

import (
	"context"
	"encoding/binary"
	"io"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// killGrace is how long a host may take to give up a command that was killed, before its connection is closed.
const killGrace = 2 * time.Second

// sshProcess is a command that runs on a channel.
type sshProcess struct {
	session  *sshSession
	channel  ssh.Channel
	requests <-chan *ssh.Request

	killed atomic.Bool // before its status came
	ctx    context.Context
	done   chan struct{} // closed when the channel has ended; what follows is set before
	exit   int           // -1 if none came
}

// run owns the command until its channel ends.
func (p *sshProcess) run(ctx context.Context, stdin io.Reader) {
	p.ctx, p.exit = ctx, -1
	stop := context.AfterFunc(ctx, p.kill)
	// It ends with the channel, and the channel with the connection.
	go func() {
		defer func() { <-p.session.slots }()
		defer close(p.done)
		p.serve()
		stop()
		if c, ok := stdin.(io.Closer); ok {
			_ = c.Close() // the copy may wait for it
		}
	}()
	// It ends with stdin, or when the channel takes no more.
	go func() {
		if stdin != nil {
			_, _ = io.Copy(p.channel, stdin)
		}
		_ = p.channel.CloseWrite()
	}()
}

// serve reads what the host says of the command.
func (p *sshProcess) serve() {
	for r := range p.requests {
		switch {
		case p.killed.Load():
		case r.Type == "exit-status" && len(r.Payload) >= 4:
			p.exit = int(binary.BigEndian.Uint32(r.Payload))
		case r.Type == "exit-signal":
			var msg struct {
				Signal     string
				CoreDumped bool
				Message    string
				Language   string
			}
			if ssh.Unmarshal(r.Payload, &msg) == nil {
				p.exit = signalStatus(msg.Signal)
			}
		}
		if r.WantReply {
			_ = r.Reply(false, nil) // fails only when the connection is gone
		}
	}
}

// kill ends the command: the host is asked to kill it and to close its channel, and if it does not the connection is closed.
func (p *sshProcess) kill() {
	p.killed.Store(true)
	timer := time.AfterFunc(killGrace, func() { p.session.end(context.Cause(p.ctx)) })
	defer timer.Stop()
	_, _ = p.channel.SendRequest("signal", false, ssh.Marshal(struct{ Signal string }{string(ssh.SIGKILL)}))
	_ = p.channel.Close()
	<-p.done
}

// wait gives the exit status.
func (p *sshProcess) wait() (int, error) {
	<-p.done
	switch {
	case p.exit >= 0:
		return p.exit, nil
	case p.killed.Load():
		return -1, contextError(p.ctx, "running a command on "+p.session.conn.target.name())
	case !p.session.gone():
		return -1, fail(ReasonDropped, nil, "%s ended a command without saying how", p.session.conn.target.name())
	default:
		return -1, p.session.lost()
	}
}

// signalStatus gives the status that a shell gives for a signal, 128 and its number, or 128 for one that is not known.
func signalStatus(name string) int {
	// RFC 4254, section 6.10, and the numbers of Linux.
	numbers := map[string]int{
		"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12,
		"PIPE": 13, "ALRM": 14, "TERM": 15, "XCPU": 24, "XFSZ": 25, "SYS": 31,
	}
	return 128 + numbers[name]
}
