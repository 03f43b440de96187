package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// permute puts the flags of a verb before its arguments, for people write them in either order and the command line library reads
// them in this one only. What follows "--" stays where it is. Flags that nobody declared stay too, for the library to complain of.
func permute(app *cli.App, args []string) []string {
	if len(args) < 3 {
		return args
	}
	verb := app.Command(args[1])
	if verb == nil {
		return args
	}
	takesValue := map[string]bool{}
	for _, f := range verb.Flags {
		_, isBool := f.(*cli.BoolFlag)
		for _, name := range f.Names() {
			takesValue[name] = !isBool
		}
	}
	flags, rest := slices.Clone(args[:2]), []string(nil)
	for i := 2; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			rest = append(rest, args[i:]...)
			break
		}
		if len(a) < 2 || a[0] != '-' {
			rest = append(rest, a)
			continue
		}
		flags = append(flags, a)
		name, _, hasValue := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if takesValue[name] && !hasValue && i+1 < len(args) {
			i++
			flags = append(flags, args[i])
		}
	}
	return append(flags, rest...)
}
