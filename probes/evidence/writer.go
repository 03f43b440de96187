package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// ErrClosed says that a bundle was written to after Close or Abort.
var ErrClosed = errors.New("the bundle is closed")

// Writer writes the bundle of one run. Its methods may be called from any goroutine.
type Writer struct {
	// Now gives the time of log lines. It is time.Now unless set before the first use.
	Now func() time.Time

	dir  string
	root *os.Root
	log  *chain

	mu      sync.Mutex
	closed  bool
	hosts   map[string]HostEntry    // by hostid; Pack is empty while the pack is being written
	sums    map[string]string       // sha256 by name of what the manifest will list
	folders map[string]func() error // makes a folder below hosts, the first time
	puts    sync.WaitGroup          // Puts on their way
	packers sync.Pool               // of *packer
}

// Create makes the folder dir for a run and begins its bundle. It refuses a folder that holds anything: evidence is never mixed and
// never overwritten.
func Create(dir string, info RunInfo) (*Writer, error) {
	root, err := emptyFolder(dir)
	if err != nil {
		return nil, err
	}
	w := &Writer{Now: time.Now, dir: dir, root: root, hosts: map[string]HostEntry{}, sums: map[string]string{}, folders: map[string]func() error{}}
	w.packers.New = func() any { return newPacker() }
	info.Format, info.Started = format, info.Started.UTC()
	text, err := jsonText(info)
	if err == nil {
		err = w.addFile(runName, text)
	}
	if err == nil {
		err = root.Mkdir("hosts", dirMode)
	}
	if err == nil {
		w.log, err = newChain(root)
	}
	if err == nil {
		err = syncDir(root, ".")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("bundle %s: %w", dir, err), root.Close())
	}
	return w, nil
}

// emptyFolder makes dir, or takes it when it is empty.
func emptyFolder(dir string) (*os.Root, error) {
	if err := os.MkdirAll(dir, dirMode); err != nil { //nolint:gosec // the folder is the one that the operator names
		return nil, fmt.Errorf("bundle %s: %w", dir, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", dir, err)
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("bundle %s: the folder is not empty (it holds %q): name a new folder, evidence is never added to or overwritten", dir, entries[0].Name())
	}
	if err := os.Chmod(dir, dirMode); err != nil { //nolint:gosec // as above
		return nil, fmt.Errorf("bundle %s: %w", dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", dir, err)
	}
	return root, nil
}

// AddFile stores a file of the run as it is: catalog.json, inventory.yaml, population.csv, waivers.yaml. The name is one path element,
// and the same name may not be added twice.
func (w *Writer) AddFile(name string, data []byte) error {
	if err := checkName(name); err != nil {
		return fmt.Errorf("bundle %s: %w", w.dir, err)
	}
	if isSeal(name) || isDerived(name) || bytes.ContainsRune([]byte(name), '/') || name == endName || name == logName || name == indexName || name == verifyName {
		return fmt.Errorf("bundle %s: %s is a name with a meaning of its own, a file of the run cannot have it", w.dir, name)
	}
	if err := w.addFile(name, data); err != nil {
		return fmt.Errorf("bundle %s: %w", w.dir, err)
	}
	return nil
}

// addFile stores a file and lists it in the manifest.
func (w *Writer) addFile(name string, data []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ErrClosed
	}
	if _, again := w.sums[name]; again {
		return fmt.Errorf("%s is already there", name)
	}
	if err := writeWhole(w.root, name, data); err != nil {
		return err
	}
	w.sums[name] = sha256Hex(data)
	return nil
}

// Log adds an event to the run's log. It reaches the disk with the next Put or Close.
func (w *Writer) Log(event, host, detail string) error {
	w.mu.Lock()
	closed := w.closed
	w.mu.Unlock()
	if closed {
		return fmt.Errorf("bundle %s: %w", w.dir, ErrClosed)
	}
	_, err := w.log.add(LogEntry{T: w.Now().UTC(), Event: event, Host: host, Detail: detail})
	if err != nil {
		return fmt.Errorf("bundle %s: %w", w.dir, err)
	}
	return nil
}

// Put stores the pack of one host. When it returns, pack and log line are on disk. A host that has a pack is never stored again: that
// is an error, and so is an answer over the limits of a pack.
func (w *Writer) Put(a *Answer) error {
	if err := w.put(a); err != nil {
		return fmt.Errorf("bundle %s: host %q: %w", w.dir, a.Host.Name, err)
	}
	return nil
}

func (w *Writer) put(a *Answer) error {
	entry := HostEntry{ID: a.Host.ID, Name: a.Host.Name, State: a.Host.State, Reason: a.Host.Reason}
	if err := w.claim(entry); err != nil {
		return err
	}
	defer w.puts.Done()
	p, _ := w.packers.Get().(*packer)
	defer w.packers.Put(p)
	data, err := p.pack(a)
	if err == nil {
		err = w.folder(PackPath(entry.ID)[:len("hosts/3f")])
	}
	if err == nil {
		err = writeWhole(w.root, PackPath(entry.ID), data)
	}
	if err != nil {
		w.mu.Lock()
		delete(w.hosts, entry.ID)
		w.mu.Unlock()
		return err
	}
	entry.Pack = sha256Hex(data)
	w.mu.Lock()
	w.hosts[entry.ID] = entry
	w.sums[PackPath(entry.ID)] = entry.Pack
	w.mu.Unlock()
	n, err := w.log.add(LogEntry{T: w.Now().UTC(), Event: EventPack, Host: entry.Name, Detail: entry.Pack})
	if err != nil {
		return err
	}
	return w.log.sync(n)
}

// claim takes a host's place, so that of two Puts for it only one goes on.
func (w *Writer) claim(e HostEntry) error {
	if e.ID != HostID(e.Name) {
		return fmt.Errorf("its id is %q, expected %q", e.ID, HostID(e.Name))
	}
	switch e.State {
	case StateComplete, StatePartial, StateFailed:
	default:
		return fmt.Errorf("it has no state: %q", e.State)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ErrClosed
	}
	if other, again := w.hosts[e.ID]; again {
		return fmt.Errorf("it has a pack already, stored for %q", other.Name)
	}
	w.hosts[e.ID] = e
	w.puts.Add(1)
	return nil
}

// folder makes a folder below hosts, once. Hosts of other folders do not wait for it.
func (w *Writer) folder(name string) error {
	w.mu.Lock()
	make, found := w.folders[name]
	if !found {
		make = sync.OnceValue(func() error {
			if err := w.root.Mkdir(name, dirMode); err != nil {
				return err
			}
			return syncDir(w.root, "hosts")
		})
		w.folders[name] = make
	}
	w.mu.Unlock()
	return make()
}

// Close ends the bundle: the index, the last log line, run-end.json, VERIFY.txt, and as its very last step the manifest. It waits for
// Puts on their way.
func (w *Writer) Close(end EndInfo) error {
	if err := w.stop(); err != nil {
		return fmt.Errorf("bundle %s: %w", w.dir, err)
	}
	err := w.finish(end)
	if err := errors.Join(err, w.root.Close()); err != nil {
		return fmt.Errorf("bundle %s: %w", w.dir, err)
	}
	return nil
}

// Abort lets go of the bundle without finishing it: packs that are stored stay, and the missing manifest shows that it is unfinished.
func (w *Writer) Abort() error {
	if err := w.stop(); err != nil {
		return fmt.Errorf("bundle %s: %w", w.dir, err)
	}
	_, _, _, err := w.log.close()
	return errors.Join(err, w.root.Close())
}

// stop lets no more in and waits for what is on its way.
func (w *Writer) stop() error {
	w.mu.Lock()
	closed := w.closed
	w.closed = true
	w.mu.Unlock()
	if closed {
		return ErrClosed
	}
	w.puts.Wait()
	return nil
}

func (w *Writer) finish(end EndInfo) error {
	_, err := w.log.add(LogEntry{T: w.Now().UTC(), Event: EventClose})
	lines, last, whole, cerr := w.log.close()
	if err := errors.Join(err, cerr); err != nil {
		return err
	}
	w.sums[logName] = whole
	end.Ended, end.LogLines, end.LogSHA256 = end.Ended.UTC(), lines, last
	end.Hosts = map[State]int{StateComplete: 0, StatePartial: 0, StateFailed: 0}
	var index bytes.Buffer
	for e := range nameOrder(w.hosts) {
		end.Hosts[e.State]++
		line, err := jsonLine(e)
		if err != nil {
			return fmt.Errorf("write %s: %w", indexName, err)
		}
		index.Write(line)
	}
	text, err := jsonText(end)
	if err != nil {
		return fmt.Errorf("write %s: %w", endName, err)
	}
	for _, f := range []packFile{{name: indexName, data: index.Bytes()}, {name: endName, data: text}, {name: verifyName, data: []byte(verifyText)}} {
		if err := writeWhole(w.root, f.name, f.data); err != nil {
			return err
		}
		w.sums[f.name] = sha256Hex(f.data)
	}
	return writeWhole(w.root, manifestName, formatSums(w.sums))
}
