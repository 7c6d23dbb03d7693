package cri

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// containerLog writes the CRI log format, which kubectl logs reads:
//
//	2026-01-02T03:04:05.000000006Z stdout F a whole line
type containerLog struct {
	mu   sync.Mutex
	path string
	file *os.File
}

// reopen opens the log, and again when the kubelet has rotated the file.
func (l *containerLog) reopen() error {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		l.file.Close()
	}
	l.file = file
	return nil
}

func (l *containerLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		l.file.Close()
	}
}

func (l *containerLog) stream(name string) io.Writer { return &logStream{log: l, name: name} }

type logStream struct {
	log  *containerLog
	name string
}

// Write turns every line of p into an entry; an unfinished last line is marked
// P (partial), and the reader joins it with the next entry.
func (s *logStream) Write(p []byte) (int, error) {
	var out bytes.Buffer
	for rest := p; len(rest) > 0; {
		tag, line := "P", rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			tag, line, rest = "F", rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		fmt.Fprintf(&out, "%s %s %s %s\n", time.Now().UTC().Format(time.RFC3339Nano), s.name, tag, line)
	}
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	if _, err := s.log.file.Write(out.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}
