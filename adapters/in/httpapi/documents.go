package httpapi

import (
	"bytes"
	"fmt"
	"html"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"
)

// contract is api/openapi.yaml, as it is and as JSON.
type contract struct{ yaml, json []byte }

func readContract(text []byte) (contract, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return contract{}, fmt.Errorf("httpapi: read the contract: %w", err)
	}
	if len(document.Content) == 0 {
		return contract{}, errNoContract
	}
	var b bytes.Buffer
	if err := encodeNode(jsontext.NewEncoder(&b), document.Content[0]); err != nil {
		return contract{}, fmt.Errorf("httpapi: write the contract as JSON: %w", err)
	}
	return contract{yaml: text, json: b.Bytes()}, nil
}

// encodeNode writes YAML as JSON, members in their order.
func encodeNode(e *jsontext.Encoder, n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode, yaml.SequenceNode:
		begin, end := jsontext.BeginArray, jsontext.EndArray
		if n.Kind == yaml.MappingNode {
			begin, end = jsontext.BeginObject, jsontext.EndObject
		}
		if err := e.WriteToken(begin); err != nil {
			return err
		}
		for i, item := range n.Content {
			write := encodeNode
			if n.Kind == yaml.MappingNode && i%2 == 0 {
				write = func(e *jsontext.Encoder, name *yaml.Node) error { return e.WriteToken(jsontext.String(name.Value)) }
			}
			if err := write(e, item); err != nil {
				return err
			}
		}
		return e.WriteToken(end)
	case yaml.ScalarNode:
		token, err := scalar(n)
		if err != nil {
			return err
		}
		return e.WriteToken(token)
	default:
		return fmt.Errorf("line %d: neither a mapping, nor a sequence, nor a scalar", n.Line)
	}
}

func scalar(n *yaml.Node) (jsontext.Token, error) {
	var v any
	if err := n.Decode(&v); err != nil {
		return jsontext.Token{}, err
	}
	switch v := v.(type) {
	case nil:
		return jsontext.Null, nil
	case bool:
		return jsontext.Bool(v), nil
	case int:
		return jsontext.Int(int64(v)), nil
	case float64:
		return jsontext.Float(v), nil
	case string:
		return jsontext.String(v), nil
	default:
		return jsontext.Token{}, fmt.Errorf("line %d: a scalar that JSON doesn't have", n.Line)
	}
}

func (a *api) contractAsJSON(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", noCache)
	write(w, http.StatusOK, jsonType, a.contract.json)
	return nil
}

func (a *api) contractAsYAML(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", noCache)
	write(w, http.StatusOK, "application/yaml", a.contract.yaml)
	return nil
}

// problemPage tells people what a kind of problem means.
func (a *api) problemPage(w http.ResponseWriter, r *http.Request) error {
	name := chi.URLParam(r, "kind")
	k, ok := kinds[name]
	if !ok {
		return notFound()
	}
	page := fmt.Sprintf("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>%[1]s</title>\n<h1>%[1]s</h1>\n"+
		"<p><code>/problems/%[2]s</code>, status %[3]d</p>\n<p>%[4]s</p>\n</html>\n",
		html.EscapeString(k.title), html.EscapeString(name), k.status, html.EscapeString(k.meaning))
	w.Header().Set("Cache-Control", noCache)
	write(w, http.StatusOK, "text/html; charset=utf-8", []byte(page))
	return nil
}
