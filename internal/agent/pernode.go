package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// perNodeFile, beside the data, has the keys of cassandra.yaml that are this node's alone, of its last start: it gets them again
// while nobody can say what they are.
const perNodeFile = "ringspan-node-yaml.json"

// perNode is the configuration of a start, with what is this node's alone, which is kept for the next one.
func (a *Agent) perNode(o mgmtapi.StartOptions) (in cassandra.Input, text string, err error) {
	path := filepath.Join(a.config.DataDir, perNodeFile)
	text = o.NodeYAML
	if o.KeepNodeYAML {
		kept, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return in, "", err
		}
		text = string(kept)
	}
	if in, err = a.config.Input.WithPerNode(text); err != nil {
		return in, "", fmt.Errorf("nodeYAML: %w", err)
	}
	switch {
	case o.KeepNodeYAML:
	case text == "":
		if err = os.Remove(path); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	default:
		err = writeDurably(path, []byte(text))
	}
	return in, text, err
}
