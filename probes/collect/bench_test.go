//go:build unix

package collect

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/fleetaudit/fleetaudit/inventory"
	"github.com/fleetaudit/fleetaudit/probes"
	"github.com/fleetaudit/fleetaudit/probes/evidence"
	"github.com/fleetaudit/fleetaudit/probes/remote"
	"github.com/fleetaudit/fleetaudit/probes/remote/remotetest"
	"github.com/fleetaudit/fleetaudit/probes/script"
)

// deadAfter is how long a dead host keeps a connect busy: the limit of the SSH dialer.
const deadAfter = remote.DefaultConnectTimeout

// farm is a fleet of 1,000 hosts on a few SSH servers in this process, which answer 60 probes of 1 KB from a recording.
type farm struct {
	lab
	script   *script.Script
	recorded []byte // what each host answers
	config   *ssh.ClientConfig
	dead     map[string]bool
	ssh      remote.Dialer
}

func newFarm(b *testing.B, rtt time.Duration, dead int) *farm {
	b.Helper()
	f := &farm{lab: *newLab(b), script: benchScript(b), dead: map[string]bool{}}
	f.recorded = record(b, f.script)
	host, err := remotetest.NewKey(remotetest.Ed25519)
	if err != nil {
		b.Fatal(err)
	}
	var servers []*remotetest.Server
	for i := range 8 {
		servers = append(servers, f.add(fmt.Sprint("server", i), func(o *remotetest.Options) {
			o.HostKeys, o.RTT, o.Handler = []*remotetest.Key{host}, rtt, f.answer
		}))
	}
	f.hosts = nil
	for i, name := range hostNames(1000) {
		address, port := servers[i%len(servers)].Host()
		f.declare(name, address, port)
		if dead > 0 && i%dead == 0 {
			f.dead[name] = true
		}
	}
	signer, err := ssh.NewSignerFromSigner(f.key.Private())
	if err != nil {
		b.Fatal(err)
	}
	pub, err := ssh.NewPublicKey(host.Private().Public())
	if err != nil {
		b.Fatal(err)
	}
	f.config = &ssh.ClientConfig{
		User: "audit", Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)},
		HostKeyCallback: ssh.FixedHostKey(pub), HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
	}
	f.ssh = f.dialer(plenty)
	return f
}

func benchScript(b *testing.B) *script.Script {
	b.Helper()
	var ps []*probes.Probe
	for i := range 60 {
		ps = append(ps, &probes.Probe{
			ID: fmt.Sprintf("topic%d.probe%d", i/5, i), Platform: inventory.PlatformLinux, Timeout: 10 * time.Second, MaxBytes: 64 << 10,
			Run: fmt.Sprintf("asroot cat /etc/thing%d.conf | awk -F: '$3 >= 1000 { print $1, $3, $7 }'\n", i),
		})
	}
	s, err := script.Compile(ps)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// blankNonce stands in the recorded answer where the nonce of a session goes.
var blankNonce = strings.Repeat("0", 32)

// record gives what a host sends in a session with blankNonce.
func record(b *testing.B, s *script.Script) []byte {
	b.Helper()
	rec := script.Recording{
		Header:  evidence.Header{Hostname: "h", UID: 0, Privilege: "root", OSRelease: map[string]string{"id": "debian"}, Clock: time.Now()},
		Answers: map[string]script.Recorded{},
	}
	for _, p := range s.Probes() {
		rec.Asked = append(rec.Asked, p.ID)
		rec.Answers[p.ID] = script.Recorded{Stdout: []byte(strings.Repeat("permitrootlogin no\nmaxauthtries 6\n"+p.ID, 24)[:1000])}
	}
	var out bytes.Buffer
	if err := script.Replay(&out, blankNonce, rec); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

// answer plays a recorded host at as little cost as can be: the server's share would flatter the comparison.
func (f *farm) answer(_ context.Context, e *remotetest.Exec) int {
	nonce, ok := script.CommandNonce(e.Command)
	if _, err := io.Copy(io.Discard, e.Stdin); err != nil || !ok {
		return 1
	}
	if _, err := e.Stdout.Write(bytes.ReplaceAll(f.recorded, []byte(blankNonce), []byte(nonce))); err != nil {
		return 1
	}
	return 0
}

// Connect implements remote.Dialer: dead hosts drop what is sent to them.
func (f *farm) Connect(ctx context.Context, h inventory.Host) (remote.Conn, error) {
	if f.dead[h.Name] {
		select {
		case <-time.After(deadAfter):
		case <-ctx.Done():
		}
		return nil, &remote.Error{Reason: remote.ReasonTimeout, Detail: "no answer"}
	}
	return f.ssh.Connect(ctx, h)
}

// bare asks every host in the simplest way there is: dial, log in, one exec, throw the answer away. One pool of the same size.
func (f *farm) bare(b *testing.B) time.Duration {
	start := time.Now()
	pool := make(slots, DefaultForks)
	var wg sync.WaitGroup
	for _, h := range f.hosts {
		pool <- struct{}{}
		wg.Go(func() {
			defer pool.give()
			if f.dead[h.Name] {
				time.Sleep(deadAfter)
				return
			}
			if err := f.bareHost(h); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

func (f *farm) bareHost(h inventory.Host) error {
	client, err := ssh.Dial("tcp", fmt.Sprintf("%s:%d", h.Address, h.Port), f.config)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	nonce := script.NewNonce()
	session.Stdin, session.Stdout = f.script.Stdin(nonce, nil), io.Discard
	return session.Run(f.script.Command(h.Become, nonce))
}

// none is a sink that keeps nothing.
type none struct{}

func (none) Put(*evidence.Answer) error       { return nil }
func (none) Log(string, string, string) error { return nil }

// collect asks every host with Run, into a bundle on disk or into nothing.
func (f *farm) collect(b *testing.B, store bool) time.Duration {
	o := f.options(f.script, plenty)
	o.SSH, o.Sink = f, none{}
	start := time.Now()
	if store {
		dir := filepath.Join(b.TempDir(), "run")
		w, err := evidence.Create(dir, evidence.RunInfo{ID: "run"})
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		defer func() {
			if err := w.Close(evidence.EndInfo{}); err != nil {
				b.Error(err)
			}
		}()
		o.Sink = w
	}
	s, err := Run(b.Context(), o)
	took := time.Since(start)
	if err != nil || s.States[evidence.StateComplete] != len(f.hosts)-len(f.dead) || s.Retries < len(f.dead) { // a busy machine brings some more
		b.Fatal(s, err)
	}
	return took
}

// cpu gives the processor time of this process, servers included.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFanOut compares Run with a bare loop over the same 1,000 hosts, in turns, so that both see the same load of the machine; the
// ratio is the median over the turns. Servers and clients share its processors.
func BenchmarkFanOut(b *testing.B) {
	for _, c := range []struct {
		name string
		rtt  time.Duration
		dead int // one host in so many
	}{
		{"rtt=0", 0, 0}, {"rtt=50ms", 50 * time.Millisecond, 0}, {"rtt=50ms/dead=5%", 50 * time.Millisecond, 20},
	} {
		for _, store := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/stored=%v", c.name, store), func(b *testing.B) {
				f := newFarm(b, c.rtt, c.dead)
				var bare, run, bareCPU, runCPU time.Duration
				var ratios []float64
				for b.Loop() {
					start := cpu(b)
					x := f.bare(b)
					between := cpu(b)
					y := f.collect(b, store)
					bare, run, ratios = bare+x, run+y, append(ratios, x.Seconds()/y.Seconds())
					bareCPU, runCPU = bareCPU+between-start, runCPU+cpu(b)-between
				}
				slices.Sort(ratios)
				n := float64(len(ratios))
				hosts := n * float64(len(f.hosts))
				b.ReportMetric(hosts/bare.Seconds(), "bare-hosts/s")
				b.ReportMetric(hosts/run.Seconds(), "run-hosts/s")
				b.ReportMetric(ratios[len(ratios)/2], "median-ratio")
				b.ReportMetric(bareCPU.Seconds()*1000/hosts, "bare-cpu-ms/host")
				b.ReportMetric(runCPU.Seconds()*1000/hosts, "run-cpu-ms/host")
				b.ReportMetric(run.Seconds()/n, "run-s")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
