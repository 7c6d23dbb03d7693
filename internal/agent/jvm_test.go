package agent

import (
	"errors"
	"testing"
	"time"
)

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// A JVM goes on when its output can't be written any more: it writes more than a pipe holds, and ends.
func TestAnOutputThatCannotBeWritten(t *testing.T) {
	j, err := launch("/bin/sh", []string{"-c", "i=0; while [ $i -lt 5000 ]; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; i=$((i+1)); done"}, nil, "", fullDisk{})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-j.done:
	case <-time.After(time.Minute):
		_ = j.cmd.Process.Kill()
		t.Fatal("it stands still")
	}
}
