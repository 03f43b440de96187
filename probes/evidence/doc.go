// Package evidence stores what hosts answered, as it came: the item (one answer to one probe), the pack (one host's items
// in a deterministic archive), and the bundle (a run's packs with manifest, log and description), with their verification.
//
// It must not know what an answer means: it imports neither probes/parse nor anything of report.
//
// # The bundle
//
// A bundle is a folder that sha256sum and tar can check without this program:
//
//	run.json         who ran what, when, from where, against which inventory and population
//	catalog.json     what was asked (and inventory.yaml, population.csv, waivers.yaml: verbatim copies)
//	log.jsonl        what happened, one event a line, each line with the sha256 of the line before
//	hosts.jsonl      the index: one line a host in name order, with its state and the sha256 of its pack
//	hosts/3f/<hostid>.tar.gz   the packs
//	run-end.json     how the run ended, with the sha256 of the last log line
//	VERIFY.txt       how to check all this by hand
//	MANIFEST.sha256  sha256 of every file above, in the format of sha256sum; written last
//	results.jsonl, reports/*   derived: made from the evidence, listed in DERIVED.sha256 and never in the manifest,
//	                 so that judging again does not touch the evidence
//
// A bundle without MANIFEST.sha256 is visibly unfinished. A pack is written to a temporary file, flushed and renamed, so the
// host is the unit of commit: a pack that exists is whole.
//
// # The pack
//
// A pack holds host.json (the host's record), items.jsonl (one line an item, with hashes), NNN.cmd, NNN.out and NNN.err (the
// exact bytes; no file for empty output), and SHA256SUMS over all of them. Names are sorted, times, owners and the gzip header are fixed: the same
// answer gives the same bytes. No text from a host ever becomes part of a path: hostid is a hash of the declared name.
//
// # Room that is left
//
// A detached signature belongs beside the manifest (MANIFEST.sha256.sig, MANIFEST.sha256.sig.tsr, custody.jsonl): Verify
// already tolerates these names as not being listed. Packs that are encrypted as they are written would be named
// <hostid>.tar.gz.age, with the manifest over the ciphertext. To go on with a run that was killed, a writer would list the
// packs that are there and take up the log at its last whole line; for now Create refuses a folder that holds anything, and
// Put a host that has a pack.
package evidence
