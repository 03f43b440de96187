// Package script turns the probes of a platform into one script, which asks a host everything in one round trip, and reads
// the answers back. A script is rendered once and shared by all hosts of its platform.
//
// A session goes like this. The command (Command) is started on the host; its login shell may be any. It prints READY, reads
// the script (Stdin) to its end, and runs it only when it came whole. The script prints frames, which Read turns into events:
//
//	Ready    the command runs
//	Header   what the host says of itself
//	Begin    a probe has begun
//	Item     a probe has ended: its answer
//	Done     all was asked; nothing else proves that an answer is complete
//
// Each probe runs in a shell and a process group of its own, with a time limit and a bound on its output, which leaves the host
// as base64. So what a probe prints can neither look like a frame nor disturb another probe, and nothing is written on the host.
// The text of the script is in posix.sh; the form on the wire is that of internal/frame:
//
//	@<nonce> READY                     the shell runs; before it comes what the login shell prints
//	@<nonce> H <version> <encoding>    the header's payload follows: lines key=value, [become], [os-release]
//	@<nonce> I                         the header is whole
//	@<nonce> B <id>                    a probe begins; its standard output follows as payload, with ".\n" as proof of its end
//	<e...> <n> <Nn> <P> <T>            marks: standard error, exit status, failed "need", "asroot" without root, time limit
//	@<nonce> E <id> <n>                it has ended; 0 when standard error came whole
//	@<nonce> P <id>                    it was not run, because it needs root
//	@<nonce> Z                         everything was asked
//	@<nonce> X <why>                   nothing can be asked
//	<~>                                heartbeat, at any time
//
// A script for another platform needs only another renderer: the frames and Read stay as they are.
//
// The package opens no connection and knows nothing of what answers mean.
package script
