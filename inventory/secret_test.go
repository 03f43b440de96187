package inventory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
)

func TestParseSecretRef(t *testing.T) {
	t.Parallel()
	for text, shown := range map[string]string{
		"env:SSH_PASSWORD":                "env:SSH_PASSWORD",
		"file:/run/secrets/ssh":           "file:/run/secrets/ssh",
		"file:C:\\keys\\p":                "file:C:\\keys\\p",
		"command:pass show audit | head":  "command:…",
		"command:printf 'a\nb' | tail -1": "command:…",
		"prompt:password of audit":        "prompt:password of audit",
		"prompt:":                         "prompt:",
	} {
		r, err := ParseSecretRef(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if r.String() != shown || r.IsZero() {
			t.Errorf("%s is shown as %s", text, r)
		}
		if again, err := ParseSecretRef(text); err != nil || again != r {
			t.Errorf("%s: references to the same secret differ", text)
		}
	}
	for _, text := range []string{"", "hunter2", "hunter2:x", "ENV:hunter2", " env:hunter2", "env:", "env:1hunter2", "env:hunter2-x", "file:", "file: ", "command:", "command:\t", "prompt:\x1b[2Jhunter2", "file:a\x00hunter2", "vault:hunter2"} {
		r, err := ParseSecretRef(text)
		if err == nil {
			t.Errorf("%q: got %v, expected an error", text, r)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error repeats it: %v", text, err)
		}
	}
	if (SecretRef{}).String() != "" || !(SecretRef{}).IsZero() {
		t.Error("the zero value is not empty")
	}
}

// TestHostsShowNoSecret prints hosts in every way that comes to mind.
func TestHostsShowNoSecret(t *testing.T) {
	t.Setenv("FLEETAUDIT_TEST_PASSWORD", "resolved-hunter2")
	inv := mustLoad(t, `
jumps: {gate: {address: 10.0.0.1, passphrase: "command:vault --token hunter2", password: "command:echo hunter2"}}
hosts:
  - {name: a, jump: gate, passphrase: "command:vault read --token=hunter2", password: "env:FLEETAUDIT_TEST_PASSWORD"}
`)
	h := mustHost(t, inv, "a")
	secrets := NewSecrets(nil)
	if v, err := secrets.Resolve(t.Context(), h.Password); err != nil || v != "resolved-hunter2" {
		t.Fatalf("got %q, %v", v, err)
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{h, &h, h.Access, *h.Jump, h.Passphrase, &h.Passphrase, []SecretRef{h.Passphrase}, map[string]SecretRef{"a": h.Password}, struct{ r SecretRef }{h.Passphrase}, reflect.ValueOf(h)} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
	}
	fmt.Fprintln(&out, h, h.Passphrase, *h.Jump)
	encoded, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	keys, err := json.Marshal(map[SecretRef]int{h.Passphrase: 1})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(keys)
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("host", "host", h, "jump", h.Jump, "secret", h.Passphrase, slog.Group("g", "access", h.Access, "ref", &h.Passphrase))
	}
	if strings.Contains(out.String(), "hunter2") || strings.Contains(out.String(), "vault") {
		t.Errorf("a secret shows:\n%s", out.String())
	}
	for _, want := range []string{"Passphrase:command:… Password:env:FLEETAUDIT_TEST_PASSWORD", `"Passphrase":"command:…"`, `Passphrase:"command:…"`, "secret=command:…"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing shows %s", want)
		}
	}
}

// TestFaultsShowNoSecret puts a password where all kinds of faults are reported.
func TestFaultsShowNoSecret(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"password: hunter2", "password: \"hunter2", "password: 'hunter2", "password: |hunter2", "password: >hunter2\n", "password: *hunter2",
		"password: &hunter2 x", "password: !hunter2 x", "password: @hunter2", "password: %hunter2", "password: `hunter2", "password: hunter2: x",
		"password: \"\\hunter2\"", "password:hunter2", "password: {hunter2}", "password: [hunter2", "password: {hunter2: 1}",
		"password: env:hunter2-x", "pass: hunter2", "passwd:hunter2: x", "user: x:hunter2", "jump: x:hunter2@y", "\tpassword: hunter2",
		"password: hunter2\x00", "password: hunter2\xff", "password: hunter2 # x\n password: hunter2",
	} {
		for _, form := range []string{"defaults:\n  %s\nhosts: [h]\n", "defaults: {%s}\nhosts: [h]\n", "hosts:\n  - name: h\n    %s\n", "%s\nhosts: [h]\n"} {
			_, err := Load("a.yaml", []byte(fmt.Sprintf(form, text)))
			if err == nil {
				t.Errorf("%q loads", fmt.Sprintf(form, text))
			} else if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q: %v", fmt.Sprintf(form, text), err)
			}
		}
	}
}
