package inventory

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Prompter asks the person at the terminal.
type Prompter interface {
	// Prompt shows the label (which may be empty) and gives what was typed, unseen. It must return when ctx ends.
	Prompt(ctx context.Context, label string) (string, error)
}

// Secrets resolves references, each once for a run: what was found, or why it was not, is kept. It may be used by many goroutines.
type Secrets struct {
	prompter Prompter
	asking   chan struct{} // holds the right to the terminal: one question at a time
	mu       sync.Mutex
	answers  map[SecretRef]*answer
}

// answer is the result of resolving a reference. Its fields may be read once done is closed.
type answer struct {
	done  chan struct{}
	value string
	err   error
	again bool // the caller that resolved it gave up, so another must
}

// NewSecrets gives a resolver. With a nil Prompter, "prompt:" references are errors.
func NewSecrets(p Prompter) *Secrets {
	return &Secrets{prompter: p, asking: make(chan struct{}, 1), answers: make(map[SecretRef]*answer)}
}

// Resolve gives the secret that ref points to. Callers that ask for the same reference at once wait for the first of them; one
// whose context ends leaves the work to the next. Errors name the reference and never hold a secret or the text of a command.
func (s *Secrets) Resolve(ctx context.Context, ref SecretRef) (string, error) {
	if ref.IsZero() {
		return "", errors.New("no secret is referred to")
	}
	for {
		a, mine := s.answer(ref)
		if mine {
			s.find(ctx, ref, a)
			return a.value, a.err
		}
		select {
		case <-a.done:
			if !a.again {
				return a.value, a.err
			}
		case <-ctx.Done():
			return "", fmt.Errorf("secret %s: %w", ref, context.Cause(ctx))
		}
	}
}

// answer gives the answer to ref, and whether it is for the caller to find.
func (s *Secrets) answer(ref SecretRef) (a *answer, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, ok := s.answers[ref]; ok {
		return a, false
	}
	a = &answer{done: make(chan struct{}), again: true}
	s.answers[ref] = a
	return a, true
}

// find fills in an answer. It stays unless the caller gave up meanwhile.
func (s *Secrets) find(ctx context.Context, ref SecretRef, a *answer) {
	defer func() {
		if a.again {
			s.mu.Lock()
			delete(s.answers, ref)
			s.mu.Unlock()
		}
		close(a.done)
	}()
	value, err := s.read(ctx, ref)
	if err != nil {
		a.err = fmt.Errorf("secret %s: %w", ref, err)
		a.again = ctx.Err() != nil
		return
	}
	a.value, a.again = value, false
}

func (s *Secrets) read(ctx context.Context, ref SecretRef) (string, error) {
	switch scheme, arg := ref.parts(); scheme {
	case schemeEnv:
		return readEnv(arg)
	case schemeFile:
		return readFile(arg)
	case schemeCommand:
		return readCommand(ctx, arg, commandTime)
	default:
		return s.prompt(ctx, arg)
	}
}

// prompt asks when no other question is open.
func (s *Secrets) prompt(ctx context.Context, label string) (string, error) {
	if s.prompter == nil {
		return "", errors.New("there is no terminal to ask at: use another kind of reference, such as env:NAME")
	}
	select {
	case s.asking <- struct{}{}:
		defer func() { <-s.asking }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	value, err := s.prompter.Prompt(ctx, label)
	if err != nil {
		return "", err
	}
	return secretText([]byte(value))
}
