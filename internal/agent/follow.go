package agent

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Follow prints a log file as it grows, and its successor after a rotation,
// until SIGTERM. A file that isn't there yet is waited for.
func Follow(path string, out io.Writer) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var file *os.File
	for {
		file = reopened(file, path)
		if file != nil {
			if _, err := io.Copy(out, file); err != nil && !errors.Is(err, io.EOF) {
				return err
			}
		}
		select {
		case <-stop:
			return nil
		case <-tick.C:
		}
	}
}

// reopened returns the file that the path names now, from its beginning when it
// is another than before.
func reopened(file *os.File, path string) *os.File {
	next, err := os.Stat(path)
	if err != nil {
		return file
	}
	if file != nil {
		if current, err := file.Stat(); err == nil && os.SameFile(current, next) {
			return file
		}
		_ = file.Close() // it was only read
	}
	opened, err := os.Open(path)
	if err != nil {
		return nil
	}
	return opened
}
