package recorded

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{
		"hosts.yaml": {Data: []byte("- {name: a, os_release: {id: debian}}\n- {name: b, sudo: none}\n- {name: c, fault: unreachable}\n")},
		"answers/x.yaml": {Data: []byte("x.one:\n  a: \"plain\\n\"\n  b: {same: a}\n" +
			"x.two:\n  a: {stdout: out, stderr: err, exit: 3}\n  default: \"\"\n")},
	}
	f, err := Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.host("b").Answers["x.one"].Stdout; got != "plain\n" {
		t.Errorf("the answer of b is that of a, not %q", got)
	}
	if got := f.host("a").Answers["x.two"]; got != (Answer{"out", "err", 3}) {
		t.Errorf("a answers %+v", got)
	}
	if got, ok := f.host("b").Answers["x.two"]; !ok || got != (Answer{}) {
		t.Errorf("b answers the default, not %+v", got)
	}
	if f.host("b").Elevated() || !f.host("a").Elevated() {
		t.Error("sudo: none refuses elevation, and nothing else does")
	}
}

func TestLoadMistakes(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{
		"hosts.yaml":     {Data: []byte("- {name: a}\n")},
		"answers/x.yaml": {Data: []byte("y.one:\n  a: \"\"\nx.two:\n  z: \"\"\n  a: {same: z2}\n")},
	}
	_, err := Load(fsys)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"y.one belongs in the file of its topic", `no recorded host "z"`, `same: "z2"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %q in\n%v", want, err)
		}
	}
}
