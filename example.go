// Package trama holds what the program has with it of the files beside its sources.
package trama

import _ "embed" // for config.toml

// ExampleConfig is the annotated configuration: every key, with its unit and its default.
//
//go:embed config.toml
var ExampleConfig string
