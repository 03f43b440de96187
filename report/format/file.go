package format

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/fleetaudit/fleetaudit/report"
)

// WriteFile writes a to the file at path, readable by its owner alone. The file appears whole or not at all: what is written goes to
// a temporary file in the same folder, which takes the name only when it is complete and on disk. A file of that name is replaced.
func WriteFile(ctx context.Context, path string, w Writer, a *report.Assessment) (err error) {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	tmp, err := os.CreateTemp(dir, "."+base+".*.part") // mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = tmp.Close() // closed already, or of no use any more
			_ = os.Remove(tmp.Name())
		}
	}()
	buf := bufio.NewWriterSize(tmp, 1<<18)
	if err := w.Write(ctx, a, buf); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := buf.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := tmp.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := tmp.Close(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
