package cli

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"ringspan": func() { os.Exit(Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// The scripts are the command as a user meets it: help, wrong calls, files with
// mistakes, a machine without a fleet.
func TestScripts(t *testing.T) {
	article, err := os.ReadFile("../../examples/article.yaml")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: os.Getenv("UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("RINGSPAN_HOME", e.WorkDir+"/home")
			for _, name := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
				e.Setenv(name, e.WorkDir+"/none") // nobody's account is asked
			}
			e.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			return os.WriteFile(e.WorkDir+"/article.yaml", article, 0o600)
		},
	})
}
