package inventory

// nearest gives the name that a misspelt word most likely means, or "" where none is near: one slip in short words, up to a
// third of the letters in longer ones.
func nearest(word string, names []string) string {
	if len(word) < 3 {
		return "" // everything short is near everything else short
	}
	best, bestDistance := "", max(1, len(word)/3)+1
	for _, name := range names {
		if diff := len(name) - len(word); diff >= bestDistance || -diff >= bestDistance {
			continue
		}
		if n := distance(word, name); n < bestDistance {
			best, bestDistance = name, n
		}
	}
	return best
}

// distance counts the insertions, deletions, substitutions and swaps of neighbours that make b of a (optimal string alignment).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
