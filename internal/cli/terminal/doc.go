// Package terminal is for a person in front of the program: it asks for a word, and shows
// one text after another in the same place. It changes no setting of the terminal that a
// killed program would leave behind. Start reading at Ask and Screen.
package terminal
