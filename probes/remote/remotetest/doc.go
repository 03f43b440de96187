// Package remotetest is an SSH server in this process, on a loopback address, that behaves like a host: it logs accounts in by key,
// certificate or password, runs commands through a handler or a real shell, forwards connections as a jump host does, and fails in
// the ways hosts fail when it is told to. Tests use it in place of a network, and the demonstration fleet is made of it.
//
// It serves loopback addresses only and forwards to loopback addresses only.
package remotetest
