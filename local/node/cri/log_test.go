package cri

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestLogFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "0.log")
	log := &containerLog{path: path}
	if err := log.reopen(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(log.stream("stdout"), "one\ntwo\n\npart")
	fmt.Fprint(log.stream("stderr"), "bad\n")
	if err := os.Rename(path, path+".1"); err != nil { // what the kubelet does with a log that has grown
		t.Fatal(err)
	}
	if err := log.reopen(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(log.stream("stdout"), "new\n")
	log.close()
	stamp := `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z `
	for file, want := range map[string]string{
		path + ".1": "^" + stamp + "stdout F one\n" + stamp + "stdout F two\n" + stamp + "stdout F \n" + stamp + "stdout P part\n" + stamp + "stderr F bad\n$",
		path:        "^" + stamp + "stdout F new\n$",
	} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(want).Match(data) {
			t.Errorf("%s holds\n%s, want\n%s", file, data, want)
		}
	}
}
