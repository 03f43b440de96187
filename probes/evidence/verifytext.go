package evidence

// verifyText is VERIFY.txt: for whoever holds a bundle and neither has nor trusts this program.
const verifyText = `HOW TO CHECK THIS BUNDLE

This folder holds what hosts answered when they were audited, and how they were asked.
You need nothing but sha256sum and tar to check it. On macOS, use "shasum -a 256" for "sha256sum".
Run the commands in this folder.

1. Is every file there, and as it was written?

       sha256sum -c MANIFEST.sha256

   Every line must end in OK. A file that is named FAILED was changed or is missing.
   If there is no MANIFEST.sha256, the run was killed before its end: the packs under hosts/
   are whole, but the bundle is unfinished.

2. Was any file added?

       find . -type f ! -name 'MANIFEST.sha256*' | sed 's,^\./,,' | sort > /tmp/have
       cut -c67- MANIFEST.sha256 | sort > /tmp/listed
       diff /tmp/listed /tmp/have

   Only results.jsonl, files under reports/ and DERIVED.sha256 may be extra: they were made
   from the evidence later and are no part of it. They have a list of their own:

       sha256sum -c DERIVED.sha256

3. What did one host answer?

   hosts.jsonl has a line for each host with its "id". The first two digits name the folder:

       mkdir /tmp/host && tar -xzf hosts/3f/3f0c9a1be2d45678.tar.gz -C /tmp/host
       cd /tmp/host && sha256sum -c SHA256SUMS

   host.json says how the host was reached, and which host key it showed. items.jsonl has a line
   for each question; for number 7, 007.cmd is the exact command, 007.out its output, 007.err its
   error output; where there was none there is no file. A finding names its evidence as <id>-<number>, such as 3f0c9a1be2d45678-007.

4. Did things happen in this order?

   Each line of log.jsonl has in "prev" the sha256 of the line before it (with its line feed).
   The first has none. For line 8, these two must be the same:

       sed -n 7p log.jsonl | sha256sum
       sed -n 8p log.jsonl | grep -o '"prev":"[0-9a-f]*"'

   The sha256 of the last line is "log_sha256" in run-end.json:

       tail -n 1 log.jsonl | sha256sum

What this shows: that nothing was changed, removed or added since the bundle was closed, as long
as you know that MANIFEST.sha256 itself is the one that was written then. Compare its own hash
(sha256sum MANIFEST.sha256) with one that reached you by another way, such as the one in the
workbook or in a letter. It does not show that the hosts said the truth.
`
