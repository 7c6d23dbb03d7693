package agent

import (
	"errors"
	"os"
	"path/filepath"
)

// writeDurably writes a file in one step and for good: after a power failure there is the old one or the new one.
func writeDurably(path string, data []byte) error {
	file, err := os.OpenFile(path+partSuffix, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(path+partSuffix, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(path+partSuffix)) // it may be what fills the disk
	}
	return syncDirectory(filepath.Dir(path))
}

// partSuffix is that of files that aren't complete yet.
const partSuffix = ".part"

// syncDirectory makes the names in a directory durable.
func syncDirectory(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
