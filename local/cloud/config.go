package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"

	"github.com/ringspan/ringspan/local/aws/world"
)

// Config is what is asked for: an account of AWS, and what its nodes run.
type Config struct {
	Name   string `json:"name"`
	Images string `json:"images"` // directory of images
	AWS    AWS    `json:"aws"`
}

// AWS asks for an API of AWS whose resources are real: its VPCs are
// networks of the lab and its EKS clusters run.
type AWS struct {
	Listen    string   `json:"listen,omitempty"` // address of the loopback; port 0 = any, the same in every run; "" = 127.0.0.1:0
	Strict    bool     `json:"strict,omitempty"`
	Waits     string   `json:"waits,omitempty"`   // as world.ParseWaits reads them
	Lag       int      `json:"lag,omitempty"`     // calls that answer NotFound for a new resource
	Account   string   `json:"account,omitempty"` // of a new account; "" = DefaultAccount
	Output    string   `json:"output,omitempty"`  // how the endpoint is printed: text ("" too), json, or none
	Regions   []Region `json:"regions,omitempty"` // besides AWS's own, or in place of them
	Unlimited bool     `json:"unlimited,omitempty"`
}

// Region is one that the account has.
type Region struct {
	Name          string   `json:"name"`
	Zones         []string `json:"zones"`
	APIServerPort int      `json:"apiServerPort,omitempty"` // of its first cluster, on the host's loopback; 0 = any
}

// DefaultAccount is an account's number where none is said.
const DefaultAccount = "123456789012"

// How many zones a region may have: EKS needs two, and AWS has no more than six.
const (
	fewestZones = 2
	mostZones   = 6
)

var (
	accountNumber = regexp.MustCompile(`^\d{12}$`)
	regionName    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
	zoneName      = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`) // a label of nodes
)

// ReadConfig reads and checks a configuration file.
func ReadConfig(path string) (Config, error) {
	var c Config
	file, err := os.Open(path)
	if err != nil {
		return c, err
	}
	defer file.Close()
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Validate names every field that is wrong.
func (c Config) Validate() error {
	var errs []error
	if c.Images == "" {
		errs = append(errs, errors.New("images: the directory of images is missing"))
	}
	return errors.Join(append(errs, c.AWS.validate()...)...)
}

func (a AWS) validate() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("aws."+format, args...)) }
	if _, _, err := net.SplitHostPort(a.listen()); err != nil {
		bad("listen: %w", err)
	}
	if _, err := world.ParseWaits(a.waits()); err != nil {
		bad("%w", err)
	}
	if a.Lag < 0 {
		bad("lag: %d must not be negative", a.Lag)
	}
	if !accountNumber.MatchString(a.account()) {
		bad("account: %q: an account's number has twelve digits", a.Account)
	}
	if !slices.Contains([]string{"", "text", "json", "none"}, a.Output) {
		bad("output: %q: use text, json or none", a.Output)
	}
	names, ports := map[string]bool{}, map[int]bool{}
	for i, r := range a.Regions {
		at := fmt.Sprintf("regions[%d].", i)
		if !regionName.MatchString(r.Name) || names[r.Name] {
			bad(at+"name: %q is used twice, or isn't made of lower-case letters, digits and hyphens", r.Name)
		}
		if port := r.APIServerPort; port < 0 || port > 65535 || port != 0 && ports[port] {
			bad(at+"apiServerPort: %d is not a port, or used twice", port)
		}
		names[r.Name], ports[r.APIServerPort] = true, true
		r.checkZones(func(format string, args ...any) { bad(at+format, args...) })
	}
	return errs
}

func (r Region) checkZones(bad func(format string, args ...any)) {
	if n := len(r.Zones); n < fewestZones || n > mostZones {
		bad("zones: %d are not between %d and %d", n, fewestZones, mostZones)
	}
	for i, z := range r.Zones {
		if !zoneName.MatchString(z) || slices.Contains(r.Zones[:i], z) {
			bad("zones[%d]: %q is used twice, or isn't a name of letters, digits, hyphens and dots", i, z)
		}
	}
}

func (a AWS) listen() string {
	if a.Listen == "" {
		return "127.0.0.1:0"
	}
	return a.Listen
}

func (a AWS) waits() string {
	if a.Waits == "" {
		return "none"
	}
	return a.Waits
}

func (a AWS) account() string {
	if a.Account == "" {
		return DefaultAccount
	}
	return a.Account
}

// world is what an account is made with.
func (a AWS) world(file string) (world.Options, error) {
	waits, err := world.ParseWaits(a.waits())
	o := world.Options{Account: a.account(), Waits: waits, Lag: world.Lag{Calls: a.Lag}, File: file, Unlimited: a.Unlimited}
	for _, r := range a.Regions {
		o.Regions = append(o.Regions, world.Region{Name: r.Name, Zones: r.Zones})
	}
	return o, err
}

// pinned is the port that a region's first cluster must have, and the field that
// says so; 0 = any.
func (a AWS) pinned(region string) (port int, field string) {
	for i, r := range a.Regions {
		if r.Name == region {
			return r.APIServerPort, fmt.Sprintf("aws.regions[%d].apiServerPort", i)
		}
	}
	return 0, ""
}

// unlike says in what a running lab differs from the configuration that is asked for;
// "" when it serves that too.
func (c Config) unlike(wish Config) string {
	a, b := c.AWS, wish.AWS
	for _, r := range b.Regions {
		if !slices.ContainsFunc(a.Regions, func(o Region) bool {
			return o.Name == r.Name && slices.Equal(o.Zones, r.Zones) && o.APIServerPort == r.APIServerPort
		}) {
			return fmt.Sprintf("region %s is new, or has other zones or another port", r.Name)
		}
	}
	if a.Strict != b.Strict || a.waits() != b.waits() || a.Lag != b.Lag || a.account() != b.account() || a.Unlimited != b.Unlimited {
		return "the settings of its account are others"
	}
	return ""
}
