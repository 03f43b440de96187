package inventory

import (
	"slices"
	"strings"
	"testing"
)

func TestRanges(t *testing.T) {
	t.Parallel()
	tests := []struct{ word, want string }{
		{"web", "web"},
		{"web[1:3]", "web1 web2 web3"},
		{"web[08:11].x", "web08.x web09.x web10.x web11.x"},
		{"web[8:11]", "web8 web9 web10 web11"},
		{"web[000:002]", "web000 web001 web002"},
		{"[a:c]x", "ax bx cx"},
		{"[X:Z]", "X Y Z"},
		{"[a:g:3]", "a d g"},
		{"n[0:10:5]", "n0 n5 n10"},
		{"n[0:9:5]", "n0 n5"},
		{"n[5:5]", "n5"},
		{"r[1:2]n[a:b]", "r1na r1nb r2na r2nb"},
		{"[1:2][3:4]", "13 14 23 24"},
	}
	for _, tt := range tests {
		t.Run(tt.word, func(t *testing.T) {
			t.Parallel()
			rs, err := parseRanges(tt.word)
			if err != nil {
				t.Fatal(err)
			}
			names := slices.Collect(rs.all())
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if n := rs.count(MaxHosts); n != len(names) {
				t.Errorf("count is %d, want %d", n, len(names))
			}
		})
	}
}

func TestRangeErrors(t *testing.T) {
	t.Parallel()
	for _, word := range []string{
		"[", "]", "a[", "a]", "a[]", "a[1]", "a[1:]", "a[:1]", "a[1:2:3:4]", "a[2:1]", "a[b:a]", "a[a:B]", "a[01:100]", "a[1:2:0]",
		"a[1:2:-1]", "a[-1:2]", "a[1:+2]", "a[aa:bb]", "a[1:z]", "a[[1:2]]", "a[1:2", "a[0:99999999999999999999]", "a[٠:٩]",
	} {
		if rs, err := parseRanges(word); err == nil {
			t.Errorf("%s: got %v, expected an error", word, rs)
		}
	}
}

func TestRangeCountDoesNotOverflow(t *testing.T) {
	t.Parallel()
	rs, err := parseRanges(strings.Repeat("[0:1000000000]", 20))
	if err != nil {
		t.Fatal(err)
	}
	if n := rs.count(MaxHosts); n != MaxHosts+1 {
		t.Errorf("count is %d", n)
	}
}
