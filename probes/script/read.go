package script

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/fleetaudit/fleetaudit/probes/script/internal/frame"
)

// Read turns what a host prints into events, as it comes. It ends with Done or with an error, which comes alone and last: a
// *NoReadyError, *IncompleteError or *ProtocolError. Stopping early is fine.
//
// Nothing that the host sends is trusted but frames with the nonce, in the order of the script: a probe that was not asked, that
// was answered already or that comes out of turn is passed over. What is missing afterwards is named by the error.
func Read(stdout io.Reader, nonce string, limits Limits) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		r := &reader{limits: limits, yield: yield, yielding: true}
		r.wire = frame.NewReader(stdout, nonce, or(limits.HostBytes, DefaultHostBytes))
		for _, p := range limits.Script.parts {
			if limits.asked(p.probe) {
				r.todo = append(r.todo, p)
			}
		}
		if err := r.run(); err != nil && r.yielding {
			yield(nil, err)
		}
	}
}

func or(n, standard int64) int64 {
	if n > 0 {
		return n
	}
	return standard
}

// reader is the state of one Read.
type reader struct {
	limits   Limits
	wire     *frame.Reader
	yield    func(Event, error) bool
	yielding bool // the caller still listens

	encoding frame.Encoding
	header   *payload // while it is being read
	headed   bool     // the header came
	todo     []part   // probes without an item, in the order of sending
	missed   []string // probes that were passed over
	open     *answer  // the probe that has begun
}

func (r *reader) emit(e Event) { r.yielding = r.yielding && r.yield(e, nil) }

// run reads up to the last frame.
func (r *reader) run() error {
	noise, err := r.wire.Skip("READY", or(r.limits.NoiseBytes, DefaultNoiseBytes), maxNoise)
	if err != nil {
		return &NoReadyError{Noise: printable(noise), Err: cause(err)}
	}
	r.emit(Ready{r.limits.now()})
	for r.yielding {
		t, err := r.wire.Next()
		if err != nil {
			return r.incomplete(err)
		}
		switch t.Kind {
		case frame.Payload:
			r.payload(t.Text)
		case frame.Mark:
			if r.open != nil {
				r.open.mark(t.Text)
			}
		case frame.Frame:
			if last, err := r.frame(string(t.Text)); last || err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reader) payload(b []byte) {
	switch {
	case r.header != nil:
		r.header.add(b)
	case r.open != nil:
		r.open.stdout.add(b)
	}
}

// frame acts on one frame and says whether it was the last one.
func (r *reader) frame(text string) (last bool, err error) {
	verb, rest, _ := strings.Cut(text, " ")
	if verb == "X" {
		return true, unable(rest)
	}
	if !r.headed {
		return false, r.headerFrame(verb, rest)
	}
	switch verb {
	case "B":
		r.begin(rest)
	case "E":
		r.finish(rest)
	case "P":
		if p, ok := r.take(rest); ok {
			r.emit(refused(p, r.limits.now()))
		}
	case "Z":
		r.drop()
		if len(r.todo)+len(r.missed) > 0 {
			return true, r.incomplete(nil)
		}
		r.emit(Done{r.limits.now()})
		return true, nil
	}
	return false, nil
}

// headerFrame acts on a frame before the first probe.
func (r *reader) headerFrame(verb, rest string) error {
	switch {
	case verb == "H" && r.header == nil:
		version, encoding, _ := strings.Cut(rest, " ")
		r.encoding = frame.Encoding(encoding)
		if version != "1" || r.encoding != frame.Base64 && r.encoding != frame.Hex {
			return &ProtocolError{fmt.Sprintf("the script on the host speaks %q, expected version 1 with encoding 64 or 16", printable([]byte(rest)))}
		}
		r.header = newPayload(r.encoding, maxHeader)
		return nil
	case verb == "I" && r.header != nil:
		text, _, err := r.header.decode()
		if err != nil {
			return &ProtocolError{"the header came damaged: " + err.Error()}
		}
		r.header, r.headed = nil, true
		r.emit(Header{Header: readHeader(text, r.limits.MachineIDKey), At: r.limits.now()})
		return nil
	default:
		return &ProtocolError{fmt.Sprintf("frame %q where the header should be", printable([]byte(verb)))}
	}
}

// unable explains an X frame.
func unable(why string) error {
	switch why {
	case "cut":
		return &IncompleteError{Err: errors.New("the script did not reach the host whole, so nothing of it was run")}
	case "encoder":
		return &ProtocolError{"the host has none of base64, openssl and od: it cannot send its answers"}
	default:
		return &ProtocolError{"the script gave up on the host: " + printable([]byte(why))}
	}
}

// take finds the probe of a frame among those that are still to come and passes over the ones before it.
func (r *reader) take(id string) (part, bool) {
	r.drop()
	for i, p := range r.todo {
		if p.probe.ID != id {
			continue
		}
		for _, m := range r.todo[:i] {
			r.missed = append(r.missed, m.probe.ID)
		}
		r.todo = r.todo[i+1:]
		return p, true
	}
	return part{}, false
}

// drop gives up the open probe, whose end did not come.
func (r *reader) drop() {
	if r.open == nil {
		return
	}
	r.open.damage("its end did not come")
	r.emit(r.open.item(r.limits.now()))
	r.open = nil
}

func (r *reader) begin(id string) {
	p, ok := r.take(id)
	if !ok {
		return
	}
	r.open = newAnswer(p, r.encoding, r.limits.now())
	r.emit(Begin{Probe: id, At: r.open.start, Limit: Limit(p.probe)})
}

func (r *reader) finish(rest string) {
	id, status, _ := strings.Cut(rest, " ")
	if r.open == nil || r.open.part.probe.ID != id {
		return
	}
	if status != "0" {
		r.open.damage("its standard error did not come whole")
	}
	r.emit(r.open.item(r.limits.now()))
	r.open = nil
}

// incomplete makes the error that names what is missing.
func (r *reader) incomplete(err error) error {
	e := &IncompleteError{Missing: r.missed, Err: cause(err)}
	if r.open != nil {
		e.Open = r.open.part.probe.ID
		e.Missing = append(e.Missing, e.Open)
	}
	for _, p := range r.todo {
		e.Missing = append(e.Missing, p.probe.ID)
	}
	return e
}

// cause drops the plain end of a stream, which says nothing.
func cause(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// payload collects encoded text up to what limit decoded bytes take.
type payload struct {
	encoding frame.Encoding
	limit    int64
	text     []byte
	over     bool // more came
}

func newPayload(e frame.Encoding, limit int64) *payload { return &payload{encoding: e, limit: limit} }

func (p *payload) add(b []byte) {
	if p.encoding == frame.Hex {
		b = bytes.ReplaceAll(b, []byte(" "), nil)
	}
	room := p.encoding.Size(p.limit) - int64(len(p.text))
	if int64(len(b)) > room {
		p.over = true
		b = b[:room]
	}
	p.text = append(p.text, b...)
}

// decode gives the bytes, not more than the limit, and whether there were more.
func (p *payload) decode() (b []byte, over bool, err error) {
	b, err = p.encoding.Decode(p.text)
	over = p.over || int64(len(b)) > p.limit
	return b[:min(int64(len(b)), p.limit)], over, err
}
