package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/distribution"
)

func imagesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "images", Short: "Make container images of the operator and the agent, for clusters that pull",
		Long: `Images makes the images of this build's operator and agent. Clusters on this
machine take them as they are; those of AWS pull them from a registry, which
spec.imageRegistry of the Fleet names. No container engine is needed.

Cassandra itself comes from the image that the ring names, cassandra:VERSION
unless it says otherwise.`,
		Args: invocation.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(imagesPushCommand(), imagesSaveCommand())
	return cmd
}

// binFlag says where the programs are.
func binFlag(cmd *cobra.Command, bins *[]string) {
	cmd.Flags().StringArrayVar(bins, "bin", nil, "`DIR` with ringspan-operator and ringspan-agent; may be repeated, for nodes of other architectures (default: beside this program)")
	_ = cmd.MarkFlagDirname("bin")
}

// buildImages makes the images of the programs in some directories.
func buildImages(cmd *cobra.Command, bins []string) ([]distribution.Built, error) {
	if len(bins) == 0 {
		self, err := os.Executable()
		if err == nil {
			self, err = filepath.EvalSymlinks(self)
		}
		if err != nil {
			return nil, err
		}
		bins = []string{filepath.Dir(self)}
	}
	cache, err := distribution.Cache()
	if err != nil {
		return nil, err
	}
	d, err := distribution.Ensure(cmd.Context(), cache, func(s string) { fmt.Fprintln(cmd.ErrOrStderr(), s) })
	if err != nil {
		return nil, err
	}
	return distribution.BuildImages(bins, d)
}

func imagesPushCommand() *cobra.Command {
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
			all, err := buildImages(cmd, bins)
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

func imagesSaveCommand() *cobra.Command {
	var bins []string
	var registry string
	cmd := &cobra.Command{
		Use: "save FILE", Short: "Write the images to a file for docker load, ctr image import or kind load image-archive", Args: invocation.One("FILE"),
		Long: `Save writes the images to a tar file that container engines load. It has the
programs of one architecture.`,
		Example: "  ringspan images save ringspan.tar && kind load image-archive ringspan.tar",
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := buildImages(cmd, bins)
			if err != nil {
				return err
			}
			if err := distribution.SaveImages(args[0], registry, all); err != nil {
				return err
			}
			for _, b := range all {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s (%s)\n", distribution.ImageIn(registry, b.Name), b.Platforms[0]); err != nil {
					return err
				}
			}
			return nil
		},
	}
	binFlag(cmd, &bins)
	cmd.Flags().StringVar(&registry, "registry", "ringspan", "`REGISTRY` in the images' names")
	return cmd
}
