package words

import "fmt"

// Count is how many there are of something, in the form that its number wants: "1 node", "3 nodes". The noun's plural ends in s.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
