package parse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fleetaudit/fleetaudit/probes/fact"
	"github.com/fleetaudit/fleetaudit/probes/parse"
	"github.com/fleetaudit/fleetaudit/probes/parse/parsetest"
)

func keeps(t *testing.T, p parse.Parser, typ fact.Type, b []byte) {
	t.Helper()
	parsetest.Keeps(t, p, typ, b)
}

func FuzzValue(f *testing.F)    { fuzz(f, "value", "yes", "0x1f", "\xff") }
func FuzzLines(f *testing.F)    { fuzz(f, "lines", "a\r\nb", "\xff") }
func FuzzKeyValue(f *testing.F) { fuzz(f, "keyvalue", "a b\tc\n", "a='x'\n") }
func FuzzTable(f *testing.F)    { fuzz(f, "table", "root:x:0:0::/root:/bin/sh\n") }
func FuzzIni(f *testing.F)      { fuzz(f, "ini", "[a]\n[b\n") }
func FuzzJSON(f *testing.F)     { fuzz(f, "json", `{"a":[1,null,{"b":"\ud800"}]}`, `1e400`) }
func FuzzBlocks(f *testing.F)   { fuzz(f, "blocks", "==>  <==\n") }

func BenchmarkTable(b *testing.B) {
	var rows strings.Builder
	for i := 0; rows.Len() < 64<<10; i++ {
		fmt.Fprintf(&rows, "user%d:x:%d:%d:User %d:/home/user%d:/bin/bash\n", i, i, i, i, i)
	}
	s := parsetest.Subject{Syntax: "table", Options: map[string]string{"separator": ":"}, Type: "[{user: string, pw: string, uid: int, gid: int, name: string, home: string, shell: string}]"}
	p, _ := s.Make(b)
	answer := []byte(rows.String())
	b.SetBytes(int64(len(answer)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := p.Parse(answer); err != nil {
			b.Fatal(err)
		}
	}
}
