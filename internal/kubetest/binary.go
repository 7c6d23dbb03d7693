package kubetest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// binaryEnv names the environment variable with the path of ringspan-kube.
const binaryEnv = "RINGSPAN_KUBE"

// assets makes a directory with one symbolic link for each program; ringspan-kube knows by its name which one to be.
func assets(dir string) (string, error) {
	binary, err := locate()
	if err != nil {
		return "", err
	}
	for _, program := range []string{"etcd", "kube-apiserver", "kubectl"} {
		if err := os.Symlink(binary, filepath.Join(dir, program)); err != nil {
			return "", fmt.Errorf("preparing %s: %w", program, err)
		}
	}
	return dir, nil
}

// locate finds ringspan-kube: RINGSPAN_KUBE, else bin/ringspan-kube at the root of the project.
func locate() (string, error) {
	path := os.Getenv(binaryEnv)
	if path == "" {
		root, err := Root()
		if err != nil {
			return "", err
		}
		path = filepath.Join(root, "bin", "ringspan-kube")
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("these tests need the API server in ringspan-kube, run `make build` first: %w", err)
	}
	return filepath.Abs(path)
}

// Root returns the project's directory: the nearest one upwards with a go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("looking for the project's root: no go.mod upwards of the working directory")
		}
		dir = parent
	}
}
