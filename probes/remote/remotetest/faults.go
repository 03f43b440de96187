package remotetest

import (
	"net"
	"sync"

	"golang.org/x/crypto/ssh"
)

// Faults are the ways in which a server fails. The zero value is none.
type Faults struct {
	CloseAfterAccept bool // connections are closed before a word, as sshd does over MaxStartups
	HangAfterAccept  bool // connections are accepted, and then nothing is said
	WrongHostKey     bool // it shows fresh keys, of the same types as the declared ones
	OldAlgorithms    bool // it knows only key exchange, ciphers and MACs that are broken
	RefuseAuth       bool // nobody is let in
	RefuseSessions   bool // session channels are refused, as for accounts that may only forward
	RefuseForwards   bool // connections are not forwarded, as with AllowTcpForwarding no
	NoLogin          bool // the account's login shell is nologin: each command gives its message and status 1
	NoExitStatus     bool // commands end without an exit status

	Noise    string // written to stdout before the output of each command, as a login script does
	HangExec bool   // commands start, and then nothing happens until they are killed
	Freeze   bool   // from the start of a command on nothing is read from the connection any more, as when a firewall forgets it
	Cut      int64  // the connection is lost after so many bytes of a command's stdout; 0 is never
	CutFirst int    // only so many commands are cut; 0 is all
}

// noLoginText is what nologin says.
const noLoginText = "This account is currently not available.\n"

// takeCut gives the number of bytes after which the next command is cut, 0 for none.
func (s *Server) takeCut() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.Cut == 0 || (s.faults.CutFirst > 0 && s.cuts >= s.faults.CutFirst) {
		return 0
	}
	s.cuts++
	return s.faults.Cut
}

// oldAlgorithms is what a server of 2005 offers. No client that is configured with care takes any of it.
func oldAlgorithms() ssh.Config {
	return ssh.Config{
		KeyExchanges: []string{ssh.InsecureKeyExchangeDH1SHA1},
		Ciphers:      []string{ssh.InsecureCipherTripleDESCBC, ssh.InsecureCipherAES128CBC},
		MACs:         []string{ssh.InsecureHMACSHA196},
	}
}

// gateConn is a connection whose reading can be shut off without closing it, and whose writing can be ended as if the link broke.
type gateConn struct {
	net.Conn
	shutOnce, closeOnce sync.Once
	shut, closed        chan struct{}
}

// Read reads, or waits for Close once the gate is shut.
func (g *gateConn) Read(p []byte) (int, error) {
	select {
	case <-g.shut:
		<-g.closed
		return 0, net.ErrClosed
	default:
	}
	n, err := g.Conn.Read(p)
	select {
	case <-g.shut:
		<-g.closed
		return 0, net.ErrClosed
	default:
		return n, err
	}
}

// freeze lets nothing more in.
func (g *gateConn) freeze() { g.shutOnce.Do(func() { close(g.shut) }) }

// cut ends the stream to the client after what was sent so far. The connection itself is closed when the client has seen it: closing it
// here could make the kernel throw away what is on its way.
func (g *gateConn) cut() { closeWrite(g.Conn) }

// Close closes the connection.
func (g *gateConn) Close() error {
	g.closeOnce.Do(func() { close(g.closed) })
	return g.Conn.Close()
}
