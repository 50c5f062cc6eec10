// Package api has the contracts of the service's outside.
package api

import _ "embed" // for OpenAPI

// OpenAPI is openapi.yaml: the REST contract, written by hand.
//
//go:embed openapi.yaml
var OpenAPI []byte
