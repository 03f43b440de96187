package evidence

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"strings"
)

// Modes of everything in a bundle: it holds client data.
const (
	fileMode fs.FileMode = 0o600
	dirMode  fs.FileMode = 0o700
)

// tempMark is in the name of every file that is not whole yet.
const tempMark = ".tmp-"

// writeWhole makes the file name from data: either all of it is there after a crash, or none.
func writeWhole(root *os.Root, name string, data []byte) error {
	return streamWhole(root, name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// streamWhole makes the file name from what write gives, in the same way. A file of that name is replaced in one step.
func streamWhole(root *os.Root, name string, write func(io.Writer) error) error {
	temp, err := writeTemp(root, name, write)
	if err != nil {
		return err
	}
	return renameTemp(root, temp, name)
}

// writeTemp writes a temporary file beside name and flushes it to disk. After an error nothing is left of it.
func writeTemp(root *os.Root, name string, write func(io.Writer) error) (temp string, err error) {
	temp = name + tempMark + randomHex()
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = root.Remove(temp) // what is left of it is no evidence
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	return temp, nil
}

// renameTemp gives a temporary file its name and flushes the folder.
func renameTemp(root *os.Root, temp, name string) error {
	if err := root.Rename(temp, name); err != nil {
		_ = root.Remove(temp)
		return fmt.Errorf("write %s: %w", name, err)
	}
	return syncDir(root, path.Dir(name))
}

// syncDir flushes a folder, so that a rename in it outlives a power cut. Windows has no such call and flushes by itself.
func syncDir(root *os.Root, dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := root.Open(dir)
	if err != nil {
		return fmt.Errorf("flush folder %s: %w", dir, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("flush folder %s: %w", dir, err)
	}
	return nil
}

// openRegular opens a plain file for reading. Anything else, such as a pipe that would never end, is refused before it is opened.
func openRegular(root *os.Root, name string) (*os.File, int64, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is not a plain file", name)
	}
	f, err := root.Open(name)
	return f, info.Size(), err
}

// readBounded reads a file whole, refusing one that is longer than limit bytes.
func readBounded(root *os.Root, name string, limit int64) ([]byte, error) {
	f, size, err := openRegular(root, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	if size > limit {
		return nil, fmt.Errorf("%s has %d bytes: %w of %d bytes", name, size, ErrLimit, limit)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}

// checkName refuses names that could leave the bundle, hide in it, or need escapes in a sha256sum file.
func checkName(name string) error {
	if name == "" || len(name) > 200 {
		return fmt.Errorf("%q cannot name a file of a bundle: it needs 1 to 200 characters", name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || part[0] == '-' {
			return fmt.Errorf("%q cannot name a file of a bundle: parts must not be empty or begin with a dot or dash", name)
		}
	}
	for _, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.ContainsRune("._-/+", c):
		default:
			return fmt.Errorf("%q cannot name a file of a bundle: letters, digits and . _ - + are allowed", name)
		}
	}
	return nil
}

func randomHex() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return hex.EncodeToString(b[:])
}
