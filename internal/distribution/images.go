package distribution

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ringspan/ringspan/internal/version"
)

// Image names of the embedded cloud; in a registry, its own name takes the place of ringspan/.
const (
	AgentImage    = "ringspan/agent"
	OperatorImage = "ringspan/operator"
)

type image struct {
	Tags       []string          `json:"tags,omitempty"`
	Entrypoint []string          `json:"entrypoint,omitempty"`
	Cmd        []string          `json:"cmd,omitempty"`
	Env        map[string]string `json:"env,omitempty"`
	Dir        string            `json:"dir,omitempty"`
	UID        int               `json:"uid"`
	GID        int               `json:"gid"`
	Mounts     []mount           `json:"mounts,omitempty"`
	ID         string            `json:"id,omitempty"` // of a program's image: NAME@sha256:SUM, another one when it is built anew
}

type mount struct {
	Source   string `json:"source"`
	Target   string `json:"target"`
	ReadOnly bool   `json:"readOnly"`
}

// WriteImages describes, for the embedded cloud's container runtime, the images
// that a ring needs: Cassandra's own, the agent's and the operator's. The
// programs are taken from bin and copied, so that a running lab does not change
// when they are built anew: a container has the program that was there when its
// pod was made.
func WriteImages(dir, bin string, d Distribution) error {
	images := programImages(bin, d)
	for name, i := range images {
		program := filepath.Base(i.Mounts[0].Source)
		copied := filepath.Join(dir, ".bin", program)
		sum, err := copyFile(i.Mounts[0].Source, copied)
		if err != nil {
			return fmt.Errorf("image of %s: %w", program, err)
		}
		i.Mounts[0].Source, i.ID = copied, name+"@sha256:"+sum
		images[name] = i
	}
	nodetool := filepath.Join(dir, ".bin", "nodetool")
	if err := os.WriteFile(nodetool, []byte(nodetoolScript(d)), 0o755); err != nil {
		return err
	}
	cassandraImage := image{
		Tags: []string{d.Version}, UID: 999, GID: 999, Cmd: []string{"sleep", "infinity"},
		Env: map[string]string{
			"PATH":           "/opt/cassandra/bin:" + d.Java.Home + "/bin:/usr/local/bin:/usr/bin:/bin",
			"CASSANDRA_HOME": "/opt/cassandra", "CASSANDRA_CONF": "/etc/cassandra", "JAVA_HOME": d.Java.Home,
			"CASSANDRA_JVM_PROFILE": "small",
		},
		Mounts: []mount{
			{d.Lib, ImageLib, true},
			{nodetool, "/opt/cassandra/bin/nodetool", true},
		},
	}
	if d.Archive != "" {
		cassandraImage.Env["CASSANDRA_CDS_ARCHIVE"] = archiveIn
		cassandraImage.Mounts = append(cassandraImage.Mounts, mount{d.Archive, archiveIn, true})
	}
	images["cassandra"] = cassandraImage
	images["ringspan/tools"] = image{Cmd: []string{"sleep", "infinity"}}
	for name, i := range images {
		if err := writeImage(filepath.Join(dir, name), i); err != nil {
			return err
		}
	}
	return nil
}

// programImages are those of our own programs, taken from bin; the first file of
// each is the program.
func programImages(bin string, d Distribution) map[string]image {
	return map[string]image{
		AgentImage: {Tags: []string{version.Version}, Entrypoint: []string{"/opt/ringspan/ringspan-agent"}, Mounts: []mount{
			{filepath.Join(bin, "ringspan-agent"), "/opt/ringspan/ringspan-agent", true},
			{d.Launcher, "/opt/ringspan/ringspan-jvm.jar", true}, {d.Jolokia, "/opt/ringspan/jolokia.jar", true},
		}},
		OperatorImage: {Tags: []string{version.Version}, Entrypoint: []string{"/opt/ringspan/ringspan-operator"}, UID: 65532, GID: 65532, Mounts: []mount{
			{filepath.Join(bin, "ringspan-operator"), "/opt/ringspan/ringspan-operator", true},
		}},
	}
}

func writeImage(dir string, i image) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	data, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return err
	}
	part := filepath.Join(dir, "image.json.part")
	if err := os.WriteFile(part, data, 0o644); err != nil {
		return err
	}
	return os.Rename(part, filepath.Join(dir, "image.json"))
}

// ImageID is the id of an image of one of our programs that WriteImages wrote to
// a directory.
func ImageID(dir, name string) (string, error) {
	data, err := os.ReadFile(filepath.Join(dir, name, "image.json"))
	if err != nil {
		return "", err
	}
	var i image
	if err := json.Unmarshal(data, &i); err != nil {
		return "", fmt.Errorf("image %s: %w", name, err)
	}
	return i.ID, nil
}

// nodetoolScript runs Cassandra's own nodetool against the node of the pod.
func nodetoolScript(d Distribution) string {
	return `#!/bin/sh
opens=
for p in java.base/java.io java.base/java.lang java.base/java.nio java.base/java.util java.base/sun.nio.ch java.rmi/sun.rmi.transport java.base/jdk.internal.ref; do
  opens="$opens --add-opens $p=ALL-UNNAMED"
done
for p in java.base/jdk.internal.misc java.base/jdk.internal.ref java.management.rmi/com.sun.jmx.remote.internal.rmi java.rmi/sun.rmi.registry java.rmi/sun.rmi.server java.sql/java.sql; do
  opens="$opens --add-exports $p=ALL-UNNAMED"
done
login= # that the agent made for this run of the JVM; an older agent makes none
[ -r /config/jmx/nodetool.password ] && login="-u ringspan -pwf /config/jmx/nodetool.password"
exec "${JAVA_HOME:-` + d.Java.Home + `}/bin/java" $opens -Xmx64m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto \
  -Dcassandra.storagedir=/tmp/nodetool -Duser.home=/tmp -Dcassandra.logdir=/tmp -Dlogback.configurationFile=/config/logback-tools.xml \
  -cp "/opt/cassandra/lib/*" org.apache.cassandra.tools.NodeTool $login "$@"
`
}

// copyFile replaces the target by a copy, unless it is that already, and returns
// its SHA-256.
func copyFile(from, to string) (sum string, err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return "", err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return "", err
	}
	bytes := sha256.Sum256(data)
	sum = hex.EncodeToString(bytes[:])
	if there, err := fileSum(to); err == nil && there == sum {
		return sum, nil
	}
	if err := os.WriteFile(to+".part", data, 0o755); err != nil {
		return "", err
	}
	return sum, os.Rename(to+".part", to)
}
