package inventory

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// promptFunc is a Prompter.
type promptFunc func(ctx context.Context, label string) (string, error)

func (f promptFunc) Prompt(ctx context.Context, label string) (string, error) { return f(ctx, label) }

func TestResolve(t *testing.T) {
	t.Setenv("FLEETAUDIT_TEST_SET", "s3cret")
	t.Setenv("FLEETAUDIT_TEST_EMPTY", "")
	dir := t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(p, mode); err != nil {
			t.Fatal(err)
		}
		return "file:" + p
	}
	type test struct{ ref, want, fault string }
	tests := []test{
		{ref: "env:FLEETAUDIT_TEST_SET", want: "s3cret"},
		{ref: "env:FLEETAUDIT_TEST_EMPTY", fault: "secret env:FLEETAUDIT_TEST_EMPTY: it is empty"},
		{ref: "env:FLEETAUDIT_TEST_UNSET", fault: "the environment variable is not set"},
		{ref: file("lf", "s3cret\n", 0o600), want: "s3cret"},
		{ref: file("crlf", "s3cret\r\n", 0o400), want: "s3cret"},
		{ref: file("spaces", " s3 cret \n", 0o600), want: " s3 cret "},
		{ref: file("lines", "s3cret\nmore\n", 0o600), fault: "more than one line"},
		{ref: file("empty", "\n", 0o600), fault: "it is empty"},
		{ref: file("long", strings.Repeat("x", maxSecret+1), 0o600), fault: "longer than"},
		{ref: "file:" + filepath.Join(dir, "none"), fault: "no such file"},
		{ref: "file:" + dir, fault: "expected a regular file"},
		{ref: "prompt:P", fault: "there is no terminal"},
		{ref: "command:echo s3cret", want: "s3cret"},
		{ref: "command:exit 3", fault: "secret command:…: the command failed: exit status 3"},
	}
	if runtime.GOOS != "windows" {
		tests = append(tests,
			test{ref: file("group", "s3cret", 0o640), fault: "(mode 0640): run chmod 600 "},
			test{ref: file("world", "s3cret", 0o604), fault: "(mode 0604): run chmod 600 "},
			test{ref: "command:printf 's3cret\\n\\n'", fault: "more than one line"},
			test{ref: "command:echo s3cret; echo s3cret >&2; exit 1", fault: "exit status 1"},
			test{ref: "command:head -c 100000 /dev/zero | tr '\\0' x", fault: "longer than"},
			test{ref: "command:read x || echo no-input", want: "no-input"},
		)
	}
	for _, tt := range tests {
		t.Run(tt.ref, func(t *testing.T) {
			got, err := NewSecrets(nil).Resolve(t.Context(), mustRef(t, tt.ref))
			if tt.fault == "" {
				if err != nil || got != tt.want {
					t.Errorf("got %q, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.fault) || got != "" {
				t.Errorf("got %q, %v, want %s", got, err, tt.fault)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
	if _, err := NewSecrets(nil).Resolve(t.Context(), SecretRef{}); err == nil {
		t.Error("no reference resolves")
	}
}

func TestCommandTimeLimit(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("skipped on Windows: the command is for sh")
	}
	// the shell's child holds the output open after the shell is killed
	_, err := readCommand(t.Context(), "sleep 9; echo late", 50*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "no answer within 50ms") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := readCommand(ctx, "echo x", time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	if got, err := readCommand(t.Context(), "echo x; sleep 9 &", time.Minute); err != nil || got != "x" {
		t.Errorf("with a process left behind: got %q, %v", got, err)
	}
}

func TestOnePromptForALabel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked, open atomic.Int32
		s := NewSecrets(promptFunc(func(_ context.Context, label string) (string, error) {
			asked.Add(1)
			if open.Add(1) > 1 {
				t.Error("two questions at once")
			}
			time.Sleep(time.Second)
			open.Add(-1)
			return "value of " + label, nil
		}))
		var wg sync.WaitGroup
		for i := range 100 {
			label := "prompt:" + string(rune('a'+i%3))
			wg.Go(func() {
				ref, err := ParseSecretRef(label)
				if err != nil {
					t.Error(err)
				}
				if got, err := s.Resolve(t.Context(), ref); err != nil || got != "value of "+label[len("prompt:"):] {
					t.Errorf("%s: got %q, %v", label, got, err)
				}
			})
		}
		wg.Wait()
		if asked.Load() != 3 {
			t.Errorf("asked %d times, want 3", asked.Load())
		}
	})
}

// TestGivingUp checks that a caller whose context ends neither spoils the answer for others nor waits for them.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		s := NewSecrets(promptFunc(func(ctx context.Context, _ string) (string, error) {
			asked.Add(1)
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-time.After(10 * time.Second):
				return "value", nil
			}
		}))
		ref := mustRef(t, "prompt:x")
		var wg sync.WaitGroup
		resolve := func(limit time.Duration, want string, wantErr error) {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				if got, err := s.Resolve(ctx, ref); got != want || !errors.Is(err, wantErr) {
					t.Errorf("limit %s: got %q, %v", limit, got, err)
				}
			})
			synctest.Wait()
		}
		resolve(time.Second, "", context.DeadlineExceeded)   // asks first and gives up
		resolve(2*time.Second, "", context.DeadlineExceeded) // waits, asks next and gives up, or waits on
		resolve(time.Minute, "value", nil)
		resolve(time.Minute, "value", nil)
		wg.Wait()
		if n := asked.Load(); n < 2 || n > 3 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestFailureIsKept(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	asked := 0
	s := NewSecrets(promptFunc(func(context.Context, string) (string, error) { asked++; return "", refused }))
	for range 3 {
		if _, err := s.Resolve(t.Context(), mustRef(t, "prompt:x")); !errors.Is(err, refused) {
			t.Errorf("got %v", err)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}
