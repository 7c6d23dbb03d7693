// Package words forms what programs say to people: numbers with their nouns. It is pure.
package words
