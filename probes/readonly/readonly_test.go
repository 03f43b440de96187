package readonly

import (
	"fmt"
	"strings"
	"testing"
)

func TestAllowed(t *testing.T) {
	t.Parallel()
	for _, text := range allowed {
		for _, f := range Check(text, Options{}) {
			t.Errorf("%q: %d:%d: %s", text, f.Line, f.Column, f.Msg)
		}
	}
	if len(allowed) < 60 {
		t.Errorf("only %d texts", len(allowed))
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range refusedTexts {
		faults := Check(tt.text, Options{})
		found := false
		for _, f := range faults {
			found = found || strings.Contains(f.Msg, tt.want)
		}
		if !found {
			t.Errorf("%q: faults %v, expected %q", tt.text, faults, tt.want)
		}
	}
	if len(refusedTexts) < 100 {
		t.Errorf("only %d texts", len(refusedTexts))
	}
}

func TestReduced(t *testing.T) {
	t.Parallel()
	const text = "asroot awk -F: '{ print $1 }' /etc/shadow"
	if f := Check(text, Options{Reduced: true}); len(f) > 0 {
		t.Errorf("reduced by awk: %v", f)
	}
	if f := Check("asroot cut -d: -f1 /etc/shadow", Options{Reduced: true}); len(f) == 0 {
		t.Error("cut was let read the file")
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	faults := Check("echo a\nif true; then\n  rm x\nfi\ncurl y\n", Options{})
	got := fmt.Sprint(faults)
	if len(faults) != 2 || faults[0].Line != 3 || faults[0].Column != 3 || faults[1].Line != 5 {
		t.Errorf("faults %s", got)
	}
}

func TestUsesRoot(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"asroot ls": true, "need asroot ls": true, "f() { ( asroot ls ); }": true, "echo $(asroot ls)": true, "if x; then y | asroot ls; fi": true,
		"echo asroot": false, "# asroot ls\nls": false, "need cat asroot": false, "if": false,
	} {
		if got := UsesRoot(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	for name := range refusals {
		if commands[name] != nil {
			t.Errorf("%s is both allowed and refused", name)
		}
	}
	for name, r := range commands {
		if r == nil || strings.Contains(r([]arg{{text: "--no-such-option-of-any"}}), "has no rule") {
			t.Errorf("%s has no rule", name)
		}
	}
	for _, name := range append(append(append([]string{}, quiet...), readers...), unread...) {
		if commands[name] == nil && name != "need" && name != "asroot" {
			t.Errorf("%s is spoken of and not on the allow-list", name)
		}
	}
	if len(commands) < 200 {
		t.Errorf("only %d commands", len(commands))
	}
}

func FuzzCheck(f *testing.F) {
	for _, text := range allowed {
		f.Add(text)
	}
	for _, tt := range refusedTexts {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, second := Check(text, Options{}), Check(text, Options{})
		if fmt.Sprint(first) != fmt.Sprint(second) {
			t.Errorf("not deterministic: %v %v", first, second)
		}
		UsesRoot(text)
	})
}
