package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"strings"
	"sync"
)

// ErrUnfinished says that a bundle has no manifest: the run was killed before it could close it.
var ErrUnfinished = errors.New("the bundle is unfinished: it has no " + manifestName + ", so the run was killed before its end")

// Bundle reads a finished bundle. Nothing is given out whose hash was not checked. Its methods may be called from any goroutine.
type Bundle struct {
	dir   string
	root  *os.Root
	run   RunInfo
	end   EndInfo
	sums  []FileSum         // the manifest
	sum   map[string]string // the same by name
	index []HostEntry       // in name order
	byID  map[string]int    // place in index by hostid

	derivedMu sync.Mutex
}

// Open opens the bundle in dir and checks manifest, run.json, run-end.json and the index; packs are checked as they are read. The
// error is ErrUnfinished for a bundle without a manifest.
func Open(dir string) (*Bundle, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	b := &Bundle{dir: dir, root: root, sum: map[string]string{}}
	if err := b.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("bundle %s: %w", dir, err), root.Close())
	}
	return b, nil
}

func (b *Bundle) load() error {
	text, err := readBounded(b.root, manifestName, maxSmallFile)
	if errors.Is(err, fs.ErrNotExist) {
		return notABundle(b.root)
	}
	if err != nil {
		return err
	}
	if b.sums, err = parseSums(text); err != nil {
		return fmt.Errorf("%s: %w", manifestName, err)
	}
	for _, s := range b.sums {
		b.sum[s.Name] = s.SHA256
	}
	for _, f := range []struct {
		name string
		to   any
	}{{runName, &b.run}, {endName, &b.end}} {
		text, err := b.read(f.name)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, f.to); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	if b.run.Format > format {
		return fmt.Errorf("%s: the bundle has format %d, this program reads up to %d: use a newer one", runName, b.run.Format, format)
	}
	if text, err = b.read(indexName); err != nil {
		return err
	}
	if b.index, err = parseIndex(text); err != nil {
		return err
	}
	b.byID = make(map[string]int, len(b.index))
	for i, e := range b.index {
		b.byID[e.ID] = i
	}
	return nil
}

// notABundle tells a killed run from a folder that is something else.
func notABundle(root *os.Root) error {
	if _, err := root.Stat(runName); err != nil {
		return fmt.Errorf("the folder holds neither %s nor %s: it is not a bundle", manifestName, runName)
	}
	return ErrUnfinished
}

// parseIndex reads hosts.jsonl: names ascend, ids are those of the names.
func parseIndex(text []byte) ([]HostEntry, error) {
	var index []HostEntry
	for line := range strings.Lines(string(text)) {
		var e HostEntry
		n := len(index) + 1
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", indexName, n, err)
		}
		if e.ID != HostID(e.Name) || !validSHA256(e.Pack) {
			return nil, fmt.Errorf("%s:%d: id or sha256 is not what host %q must have", indexName, n, e.Name)
		}
		if n > 1 && index[n-2].Name >= e.Name {
			return nil, fmt.Errorf("%s:%d: host %q comes after %q: names must ascend", indexName, n, e.Name, index[n-2].Name)
		}
		index = append(index, e)
	}
	return index, nil
}

// read gives a file of the manifest, checked against it.
func (b *Bundle) read(name string) ([]byte, error) {
	want, listed := b.sum[name]
	if !listed {
		return nil, fmt.Errorf("%s: is not in %s: %w", name, manifestName, fs.ErrNotExist)
	}
	data, err := readBounded(b.root, name, maxSmallFile)
	if err != nil {
		return nil, err
	}
	if sha256Hex(data) != want {
		return nil, fmt.Errorf("%s: %w in %s: the file was changed after the run", name, ErrMismatch, manifestName)
	}
	return data, nil
}

// Close lets go of the folder.
func (b *Bundle) Close() error { return b.root.Close() }

// Dir gives the folder of the bundle.
func (b *Bundle) Dir() string { return b.dir }

// Run describes the run.
func (b *Bundle) Run() RunInfo { return b.run }

// End says how the run ended.
func (b *Bundle) End() EndInfo { return b.end }

// ManifestSHA256 gives the hash of the manifest, which stands for the whole bundle.
func (b *Bundle) ManifestSHA256() string { return sha256Hex(formatSums(b.sum)) }

// Files lists the files of evidence with their hashes, in name order.
func (b *Bundle) Files() []FileSum { return b.sums }

// File gives a file that was added to the run, such as catalog.json, checked against the manifest. The error is fs.ErrNotExist when the
// run has no such file.
func (b *Bundle) File(name string) ([]byte, error) {
	data, err := b.read(name)
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", b.dir, err)
	}
	return data, nil
}

// Hosts lists the hosts in name order.
func (b *Bundle) Hosts() []HostEntry { return b.index }

// Answers yields the answer of every host, in name order, holding one at a time. A pack that does not hash is a *PackError; it takes the
// place of the answer, and the next host follows if the caller goes on.
func (b *Bundle) Answers() iter.Seq2[*Answer, error] {
	return func(yield func(*Answer, error) bool) {
		for _, e := range b.index {
			if !yield(b.answer(e)) {
				return
			}
		}
	}
}

// Answer gives the answer of one host by its hostid.
func (b *Bundle) Answer(hostID string) (*Answer, error) {
	if i, found := b.byID[hostID]; found {
		return b.answer(b.index[i])
	}
	return nil, fmt.Errorf("bundle %s: no host has the id %q", b.dir, hostID)
}

func (b *Bundle) answer(e HostEntry) (*Answer, error) {
	path := PackPath(e.ID)
	data, err := readBounded(b.root, path, MaxPackBytes)
	if err == nil && sha256Hex(data) != e.Pack {
		err = ErrMismatch
	}
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", b.dir, &PackError{Pack: path, Err: err})
	}
	a, err := unpack(path, data)
	if err == nil && (a.Host.Name != e.Name || a.Host.State != e.State || a.Host.Reason != e.Reason) {
		err = &PackError{path, packHost, fmt.Errorf("name, state or reason differ from %s", indexName)}
	}
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", b.dir, err)
	}
	return a, nil
}

// ReadItem gives the item that an evidence id names, with the record of its host.
func (b *Bundle) ReadItem(evidenceID string) (*HostRecord, *Item, error) {
	hostID, seq, err := ParseItemID(evidenceID)
	if err != nil {
		return nil, nil, err
	}
	a, err := b.Answer(hostID)
	if err != nil {
		return nil, nil, err
	}
	for i := range a.Items {
		if a.Items[i].Seq == seq {
			return &a.Host, &a.Items[i], nil
		}
	}
	return nil, nil, fmt.Errorf("bundle %s: host %q has no item %d (it has %d)", b.dir, a.Host.Name, seq, len(a.Items))
}

// Log yields the lines of the run's log, checking its chain.
func (b *Bundle) Log() iter.Seq2[LogEntry, error] {
	return func(yield func(LogEntry, error) bool) {
		f, _, err := openRegular(b.root, logName)
		if err != nil {
			yield(LogEntry{}, fmt.Errorf("bundle %s: %w", b.dir, err))
			return
		}
		defer func() { _ = f.Close() }() // it was only read
		for line, err := range readLog(f) {
			if !yield(line.LogEntry, err) {
				return
			}
		}
	}
}
