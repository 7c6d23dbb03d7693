// Package config is the verb config: it shows which configuration a node or a datacenter has, and where each value comes from.
// Start reading at Command.
package config
