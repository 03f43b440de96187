package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/fleetaudit/fleetaudit/inventory"
)

func readme(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestReadmeInventory asserts that the inventory in the README is one.
func TestReadmeInventory(t *testing.T) {
	t.Parallel()
	_, after, ok := strings.Cut(readme(t), "```yaml\n")
	block, _, ok2 := strings.Cut(after, "```")
	if !ok || !ok2 {
		t.Fatal("the README has no YAML block")
	}
	inv, err := inventory.Load("README.md", []byte(block))
	if err != nil {
		t.Fatal(err)
	}
	if inv.Len() != 13 {
		t.Errorf("%d hosts, want 12 of the range and one more", inv.Len())
	}
}

// TestReadmeCommands asserts that every verb and flag that the README prints exists.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	app := newApp(&world{})
	commands := regexp.MustCompile(`(?m)(?:^|\x60)(?:\$ )?(?:go run \./cmd/)?fleetaudit ([a-z]+)([^\n\x60#]*)`).FindAllStringSubmatch(readme(t), -1)
	if len(commands) < 10 {
		t.Fatalf("only %d commands found in the README", len(commands))
	}
	for _, m := range commands {
		verb := app.Command(m[1])
		if verb == nil {
			t.Errorf("the README prints %q, which is no verb", m[1])
			continue
		}
		known := map[string]bool{}
		for _, f := range verb.Flags {
			for _, name := range f.Names() {
				known[name] = true
			}
		}
		for word := range strings.FieldsSeq(m[2]) {
			if name := strings.TrimLeft(word, "-"); strings.HasPrefix(word, "-") && !known[name] {
				t.Errorf("the README prints %s %s, which is no flag of it", m[1], word)
			}
		}
	}
}

// TestReadmeLinks asserts that every link into the repository leads somewhere.
func TestReadmeLinks(t *testing.T) {
	t.Parallel()
	links := regexp.MustCompile(`\]\(([^):#]+)\)`).FindAllStringSubmatch(readme(t), -1)
	if len(links) < 10 {
		t.Fatalf("only %d links found in the README", len(links))
	}
	for _, m := range links {
		if _, err := os.Stat("../../" + m[1]); err != nil {
			t.Errorf("the README links to %s: %v", m[1], err)
		}
	}
}
