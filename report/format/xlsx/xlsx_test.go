package xlsx_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/fleetaudit/fleetaudit/report"
	"github.com/fleetaudit/fleetaudit/report/format/formattest"
	"github.com/fleetaudit/fleetaudit/report/format/xlsx"
)

var (
	update = flag.Bool("update", false, "write the golden files anew")
	keep   = flag.String("keep", "", "folder to leave the fixture's workbook in, to look at it")
)

// templates is the folder that the workbook's description lies in.
func templates() fs.FS { return os.DirFS(filepath.Join("..", "..", "..", "templates")) }

func newWriter(tb testing.TB, opts xlsx.Options) *xlsx.Writer {
	tb.Helper()
	if opts.TempDir == "" {
		opts.TempDir = tb.TempDir()
	}
	w, err := xlsx.New(templates(), opts)
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

// written gives the bytes of a workbook.
func written(t *testing.T, a *report.Assessment, opts xlsx.Options) []byte {
	t.Helper()
	return formattest.Written(t, newWriter(t, opts), a)
}

func TestKeep(t *testing.T) {
	t.Parallel()
	if *keep == "" {
		t.Skip("-keep names no folder")
	}
	for name, a := range map[string]*report.Assessment{
		"fixture": formattest.Fixture(), "empty": formattest.Empty(), "unreachable": formattest.Unreachable(), "hostile": formattest.Hostile(),
	} {
		if err := os.WriteFile(filepath.Join(*keep, name+".xlsx"), written(t, a, xlsx.Options{}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
