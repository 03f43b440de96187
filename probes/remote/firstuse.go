package remote

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

// acceptNew trusts a key because its host was never seen before, and holds it from now on. Of several connections to one host at the same
// time the first decides.
func (t *hostTrust) acceptNew(key ssh.PublicKey) (string, error) {
	h := t.hosts
	if strings.ContainsAny(t.name, " \t\r\n,*?!|@#") {
		return "", fail(ReasonHostKey, nil, "the key of %q cannot be recorded: that is no host name%s", t.name, declared(t.target))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.entries {
		if e.marker != "" || !e.names.match(t.name) {
			continue
		}
		t.plain = append(t.plain, e)
		if sameKey(e.key, key) {
			return trustFirstUse, nil
		}
	}
	if len(t.plain) > 0 {
		return "", t.changedError(key)
	}
	if err := appendLine(h.acceptNew, knownLine(t.name, key)); err != nil {
		return "", fail(ReasonHostKey, err, "the key of %s, seen for the first time, could not be recorded: %v", t.target.name(), err)
	}
	names, err := parseNames(t.name)
	if err != nil {
		return "", fail(ReasonHostKey, err, "the key of %s, seen for the first time, cannot be held: %v", t.target.name(), err)
	}
	h.entries = append(h.entries, &entry{file: h.acceptNew, names: names, key: key, firstUse: true})
	return trustFirstUse, nil
}

// appendLine adds a line to a file, which it makes for its owner alone. The line goes out in one write at the end of the file, so that
// other programs that append do not mix with it, and is on the disk when this returns.
func appendLine(path, line string) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make its folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	line += "\n"
	if info, err := f.Stat(); err != nil {
		return err
	} else if size := info.Size(); size > 0 {
		var last [1]byte
		if _, err := f.ReadAt(last[:], size-1); err != nil {
			return err
		}
		if last[0] != '\n' { // an editor left the last line open
			line = "\n" + line
		}
	}
	if _, err := f.WriteString(line); err != nil {
		return err
	}
	return f.Sync()
}
