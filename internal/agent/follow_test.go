package agent

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestFollowGoesOnAfterARotation(t *testing.T) {
	path, out := filepath.Join(t.TempDir(), "system.log"), &output{}
	ended := make(chan error, 1)
	go func() { ended <- Follow(path, out) }()
	shows := func(want string) {
		t.Helper()
		await(t, "the log shows "+want, func() bool { return out.String() == want })
	}
	add := func(text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	add("a\n")
	shows("a\n")
	add("b\n")
	shows("a\nb\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	add("c\n")
	shows("a\nb\nc\n")
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestInstallCopiesWhatIsBesideTheProgram(t *testing.T) {
	if err := Install(t.TempDir()); err == nil {
		t.Error("a program without its jars was installed")
	}
	dir := t.TempDir()
	from := filepath.Join(dir, "a")
	write(t, dir, map[string][]byte{"a": []byte("new"), "b": []byte("an older and longer one")})
	if err := copyFile(from, filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "b"))
	info, statErr := os.Stat(filepath.Join(dir, "b"))
	if err != nil || statErr != nil || string(data) != "new" || info.Mode().Perm()&0o100 == 0 {
		t.Errorf("%q, %v, %v, %v", data, info, err, statErr)
	}
}
