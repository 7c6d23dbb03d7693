package cni

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Config is what of the add-on's settings has a meaning here (README of
// aws/amazon-vpc-cni-k8s, "CNI Configuration Variables").
type Config struct {
	// KeepSource: no packet is rewritten (AWS_VPC_K8S_CNI_EXTERNALSNAT).
	KeepSource bool
	// Excluded are ranges outside the VPC to which packets of pods keep their
	// source (AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS).
	Excluded []netip.Prefix
	NodeMTU  int // of the node's interface, in bytes (AWS_VPC_ENI_MTU)
	PodMTU   int // of pods' interfaces, in bytes (POD_MTU)
}

// The largest packets that the add-on takes, in bytes; an interface's default
// is the largest.
const (
	smallestMTU = 576
	largestMTU  = 9001
)

// Parse reads the add-on's configurationValues, JSON with the variables below
// env. Variables that mean nothing to packets are left out.
func Parse(values string) (Config, error) {
	var in struct {
		Env map[string]string `json:"env"`
	}
	if strings.TrimSpace(values) != "" {
		if err := json.Unmarshal([]byte(values), &in); err != nil {
			return Config{}, fmt.Errorf("configurationValues of vpc-cni: %w", err)
		}
	}
	c := Config{NodeMTU: largestMTU}
	var err error
	if text, ok := in.Env["AWS_VPC_K8S_CNI_EXTERNALSNAT"]; ok {
		if c.KeepSource, err = strconv.ParseBool(text); err != nil {
			return c, fmt.Errorf("AWS_VPC_K8S_CNI_EXTERNALSNAT of vpc-cni: %q is neither true nor false", text)
		}
	}
	for _, text := range strings.FieldsFunc(in.Env["AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS"], func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return c, fmt.Errorf("AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS of vpc-cni: %w", err)
		}
		c.Excluded = append(c.Excluded, p)
	}
	if c.NodeMTU, err = mtu(in.Env, "AWS_VPC_ENI_MTU", largestMTU); err != nil {
		return c, err
	}
	c.PodMTU, err = mtu(in.Env, "POD_MTU", c.NodeMTU)
	return c, err
}

func mtu(env map[string]string, name string, otherwise int) (int, error) {
	text, ok := env[name]
	if !ok || text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < smallestMTU || n > largestMTU {
		return 0, fmt.Errorf("%s of vpc-cni: %q is not a number of bytes from %d to %d", name, text, smallestMTU, largestMTU)
	}
	return n, nil
}

// Unchanged are the ranges to which packets of a VPC's pods keep their source;
// all others are rewritten to come from the node. all says that none is.
func (c Config) Unchanged(vpc []netip.Prefix) (ranges []netip.Prefix, all bool) {
	return append(append([]netip.Prefix{}, vpc...), c.Excluded...), c.KeepSource
}
