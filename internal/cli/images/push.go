package images

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/distribution"
)

func pushCommand() *cobra.Command {
	var bins []string
	var user string
	var output invocation.Output
	var stdin bool
	cmd := &cobra.Command{
		Use: "push REGISTRY", Short: "Give the images to a registry", Args: invocation.One("REGISTRY"),
		Long: `Push gives the images to a registry, as REGISTRY/operator and REGISTRY/agent with
this version's tag. What is there already is left alone. You are who docker or
podman is logged in as (credential helpers work), unless --username says another.`,
		Example: `  ringspan images push registry.example.com/ringspan
  aws ecr get-login-password | ringspan images push --username AWS --password-stdin \
      123456789012.dkr.ecr.eu-west-1.amazonaws.com/ringspan
  ringspan images push --bin bin --bin bin-arm64 registry.example.com/ringspan`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			if err := distribution.CheckRegistry(args[0]); err != nil {
				return err
			}
			login, err := readLogin(cmd.InOrStdin(), user, stdin)
			if err != nil {
				return err
			}
			all, err := build(cmd, bins)
			if err != nil {
				return err
			}
			done, err := distribution.Push(cmd.Context(), args[0], login, all)
			if err != nil {
				return err
			}
			return printPushed(cmd.OutOrStdout(), args[0], output.Format, done)
		},
	}
	binFlag(cmd, &bins)
	cmd.Flags().StringVar(&user, "username", "", "log in as `NAME`; needs --password-stdin")
	cmd.Flags().BoolVar(&stdin, "password-stdin", false, "read the password's one line from standard input")
	cmd.MarkFlagsRequiredTogether("username", "password-stdin")
	output.Flag(cmd, "text", "json")
	return cmd
}

// readLogin reads a password, which is never an argument: those are seen by all.
func readLogin(in io.Reader, user string, stdin bool) (login distribution.Login, err error) {
	if !stdin {
		return login, nil
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return login, fmt.Errorf("reading the password: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return login, errors.New("standard input holds no password")
	}
	return distribution.Login{User: user, Password: line}, nil
}

func printPushed(out io.Writer, registry, output string, done []distribution.Pushed) error {
	if output == "json" {
		return json.NewEncoder(out).Encode(done)
	}
	for _, p := range done {
		what := "there already"
		if p.New {
			what = "pushed"
		}
		if _, err := fmt.Fprintf(out, "%s\n  %s (%s)  %s\n", p.Image, p.Digest, strings.Join(p.Platforms, ", "), what); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "\nIn the Fleet:\n  spec:\n    imageRegistry: %s\n", registry)
	return err
}
