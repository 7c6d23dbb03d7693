// Package report is how a long piece of work tells what it does, without knowing who
// listens: a terminal, a file, a test. Start reading at Reporter.
package report

// Subject is somebody who does something: a region, or a datacenter or ring in
// it. Region may be empty.
type Subject struct {
	Region, Name string
}

func (s Subject) String() string {
	switch {
	case s.Region == "" || s.Name == "":
		return s.Region + s.Name
	default:
		return s.Region + " " + s.Name
	}
}

// Reporter is told what happens. Its methods may be called from several goroutines.
type Reporter interface {
	// Phase ends the phase that runs and begins the next one.
	Phase(name string)
	// Line tells of something that has happened.
	Line(s Subject, text string)
	// Wait says what a subject waits for, and on whom. Saying the same again costs
	// nothing; an empty text ends the wait.
	Wait(s Subject, text string)
}
