package httpapi_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/in/httpapi"
	"github.com/headrace/headrace/api"
)

type loadedContract struct {
	document *openapi3.T
	router   routers.Router
}

var loadContract = sync.OnceValues(func() (*loadedContract, error) {
	for _, mediaType := range []string{"text/html", "application/openmetrics-text"} {
		openapi3filter.RegisterBodyDecoder(mediaType, openapi3filter.PlainBodyDecoder)
	}
	document, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		return nil, err
	}
	if err := document.Validate(context.Background()); err != nil {
		return nil, err
	}
	router, err := gorillamux.NewRouter(document)
	return &loadedContract{document, router}, err
})

func contract(t *testing.T) *loadedContract {
	t.Helper()
	c, err := loadContract()
	require.NoError(t, err)
	return c
}

// checkContract fails the test when an answer isn't as the contract says.
func checkContract(t *testing.T, method, target string, a answer) {
	t.Helper()
	checkCommon(t, method, a)
	require.NoError(t, breach(t, method, target, a), "%s %s: %d %s", method, target, a.status, a.body)
}

// breach tells what of an answer isn't as its operation says: status, headers or body. Answers that no operation gives
// are the router's own: for OPTIONS, unknown paths and methods.
func breach(t *testing.T, method, target string, a answer) error {
	t.Helper()
	isHead := method == http.MethodHead
	if isHead {
		method = http.MethodGet
		require.Empty(t, a.body)
	}
	address, err := url.Parse(target)
	if err != nil {
		address = &url.URL{Path: "/undecodable"}
	}
	r := (&http.Request{Method: method, Header: make(http.Header), URL: address}).WithContext(context.Background())
	c := contract(t)
	route, parameters, err := c.router.FindRoute(r)
	if err != nil {
		if !slices.Contains([]int{204, 404, 405, 414, 431}, a.status) {
			return fmt.Errorf("no operation, but status %d: %w", a.status, err)
		}
		return nil
	}
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route},
		Status:                 a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, ExcludeResponseBody: isHead},
	})
}

// What holds every other test's answers to the contract must itself see a breach.
func TestABreachOfTheContractIsSeen(t *testing.T) {
	t.Parallel()
	s := start(t)
	target := "/api/v1/users/" + s.someUser("ada@example.com")
	whole := s.call("GET", target, "").is(http.StatusOK)
	require.NoError(t, breach(t, "GET", target, whole))
	for name, spoil := range map[string]func(*answer){
		"another status":    func(a *answer) { a.status = http.StatusTeapot },
		"no entity tag":     func(a *answer) { a.header.Del("ETag") },
		"a weak entity tag": func(a *answer) { a.header.Set("ETag", `W/"1"`) },
		"another type":      func(a *answer) { a.header.Set("Content-Type", "text/plain") },
		"a member missing":  func(a *answer) { a.body = bytes.Replace(a.body, []byte(`"email"`), []byte(`"E"`), 1) },
		"a member too many": func(a *answer) { a.body = bytes.Replace(a.body, []byte(`{`), []byte(`{"x":1,`), 1) },
		"three digits":      func(a *answer) { a.body = bytes.ReplaceAll(a.body, []byte(`Z"`), []byte(`0Z"`)) },
		"null for a number": func(a *answer) { a.body = bytes.Replace(a.body, []byte(`"version":1`), []byte(`"version":null`), 1) },
	} {
		a := answer{t: t, status: whole.status, header: whole.header.Clone(), body: bytes.Clone(whole.body)}
		spoil(&a)
		assert.Error(t, breach(t, "GET", target, a), name)
	}
	require.Error(t, breach(t, "GET", "/nowhere", whole))
}

// checkCommon holds an answer to what all have in common.
func checkCommon(t *testing.T, method string, a answer) {
	t.Helper()
	assert.Equal(t, []string{"nosniff"}, a.header["X-Content-Type-Options"])
	assert.Equal(t, []string{"no-referrer"}, a.header["Referrer-Policy"])
	assert.Contains(t, a.header.Get("Content-Security-Policy"), "default-src 'none'")
	assert.Len(t, a.header["X-Request-Id"], 1)
	assert.Len(t, a.header["Cache-Control"], 1)
	assert.Equal(t, a.header.Get("Etag") != "", a.header.Get("Cache-Control") == "private, no-cache", "what has an entity tag may be kept")
	switch a.status {
	case http.StatusNoContent, http.StatusNotModified:
		assert.Empty(t, a.body)
		assert.Empty(t, a.header["Content-Type"])
	default:
		assert.Len(t, a.header["Content-Type"], 1)
	}
	if a.status == http.StatusNotModified {
		assert.NotEmpty(t, a.header["Etag"])
	}
	if a.status == http.StatusServiceUnavailable {
		assert.NotEmpty(t, a.header["Retry-After"])
	}
	if a.status < 400 || method == http.MethodHead {
		return
	}
	var problem map[string]any
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"), "%d %s", a.status, a.body)
	problem = a.json()
	schema := contract(t).document.Components.Schemas["Problem"].Value
	if problem["type"] == "/problems/down" {
		schema = contract(t).document.Components.Schemas["DownProblem"].Value
	}
	require.NoError(t, schema.VisitJSON(problem, openapi3.EnableJSONSchema2020()), "%s", a.body)
	require.InDelta(t, a.status, problem["status"], 0)
	require.Equal(t, a.status == http.StatusMethodNotAllowed, a.header.Get("Allow") != "")
}

func TestRoutesAreTheContractsOperations(t *testing.T) {
	t.Parallel()
	var operations []string
	for path, item := range contract(t).document.Paths.Map() {
		for method := range item.Operations() {
			operations = append(operations, method+" "+path)
		}
	}
	require.ElementsMatch(t, operations, routes(t, false))
	require.ElementsMatch(t, []string{"GET /livez", "GET /readyz", "GET /health", "GET /metrics", "GET /problems/{kind}"}, routes(t, true))
}

// routes are those that a process has, without HEAD, which each GET must have beside it.
func routes(t *testing.T, only bool) []string {
	t.Helper()
	s := &service{t: t, registry: prometheus.NewRegistry()}
	h := s.handler(setup{only: only, config: httpapi.Config{Contract: api.OpenAPI}})
	mux, ok := h.(chi.Routes)
	require.True(t, ok)
	var gets, heads, all []string
	require.NoError(t, chi.Walk(mux, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		switch method {
		case http.MethodHead:
			heads = append(heads, route)
			return nil
		case http.MethodGet:
			gets = append(gets, route)
		}
		all = append(all, method+" "+route)
		return nil
	}))
	require.ElementsMatch(t, gets, heads)
	return all
}

// apiOperations are the API's methods and paths, with an id in each.
func apiOperations(t *testing.T, uid string) []string {
	t.Helper()
	var list []string
	for _, operation := range routes(t, false) {
		if strings.Contains(operation, " /api/") {
			list = append(list, strings.ReplaceAll(operation, "{id}", uid))
		}
	}
	require.NotEmpty(t, list)
	return list
}

func TestEveryKindOfProblemHasAPage(t *testing.T) {
	t.Parallel()
	s := start(t)
	types := contract(t).document.Components.Schemas["ProblemType"].Value.Enum
	require.NotEmpty(t, types)
	for _, problemType := range types {
		path, ok := problemType.(string)
		require.True(t, ok)
		page := s.call("GET", path, "").is(http.StatusOK)
		assert.Contains(t, string(page.body), path)
		assert.Equal(t, "text/html; charset=utf-8", page.header.Get("Content-Type"))
	}
	s.call("GET", "/problems/nosuch", "").isProblem(http.StatusNotFound, "not-found")
}

func TestTheContractIsServedInBothForms(t *testing.T) {
	t.Parallel()
	s := start(t)
	require.Equal(t, api.OpenAPI, s.call("GET", "/openapi.yaml", "").is(http.StatusOK).body)
	asJSON, err := openapi3.NewLoader().LoadFromData(s.call("GET", "/openapi.json", "").is(http.StatusOK).body)
	require.NoError(t, err)
	want, err := contract(t).document.MarshalJSON()
	require.NoError(t, err)
	got, err := asJSON.MarshalJSON()
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(got))
}

func TestAHandlerWithoutAContractIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "a: [", "a: &b 1\nc: *b\n"} {
		_, err := httpapi.New(httpapi.Config{Contract: []byte(text)}, httpapi.UseCases{}, nil, prometheus.NewRegistry())
		require.Error(t, err, "%q", text)
	}
}

func TestEveryPathAnswersOptions(t *testing.T) {
	t.Parallel()
	s := start(t)
	uid := s.someUser("ada@example.com")
	for path, item := range contract(t).document.Paths.Map() {
		want := []string{"OPTIONS"}
		for method := range item.Operations() {
			want = append(want, method)
			if method == http.MethodGet {
				want = append(want, http.MethodHead)
			}
		}
		target := strings.NewReplacer("{id}", uid, "{kind}", "internal").Replace(path)
		a := s.call("OPTIONS", target, "").is(http.StatusNoContent)
		assert.ElementsMatch(t, want, strings.Split(a.header.Get("Allow"), ", "), path)
		for _, method := range []string{"PATCH", "POST", "PUT", "DELETE", "TRACE", "BREW", "get"} {
			if !slices.Contains(want, method) {
				refused := s.call(method, target, "").isProblem(http.StatusMethodNotAllowed, "method-not-allowed")
				assert.Equal(t, a.header.Get("Allow"), refused.header.Get("Allow"), method)
			}
		}
	}
	whole := s.raw("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
	whole.is(http.StatusNoContent)
	require.Equal(t, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", whole.header.Get("Allow"))
	s.call("OPTIONS", "/nowhere", "").isProblem(http.StatusNotFound, "not-found")
}
