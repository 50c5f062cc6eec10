package config

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
)

// env takes the variables that are Headrace's. An empty one is as good as none.
func (l *loader) env(environ []string) {
	given := ours(environ)
	values := map[string]any{}
	for _, k := range table {
		variable, twin := k.Env(), k.Env()+fileSuffix
		value, path := given[variable], given[twin]
		delete(given, variable)
		delete(given, twin)
		switch {
		case value != "" && path != "":
			l.refuse(k.Name, "both "+variable+" and "+twin+" are set; only one of them may be")
		case value != "":
			values[k.Name] = value
			l.origins[k.Name] = Origin{Layer: FromEnv, Name: variable}
		case path != "":
			content, problem := mounted(path)
			if problem != "" {
				l.refuse(k.Name, "the file that "+twin+" names "+problem)
				continue
			}
			values[k.Name] = content
			l.origins[k.Name] = Origin{Layer: FromEnv, Name: twin, mounted: true}
		}
	}
	l.merge(confmap.Provider(values, "."), nil)
	l.strangers(given)
}

// ours returns the variables that begin as Headrace's do, without those that Kubernetes makes.
func ours(environ []string) map[string]string {
	given := map[string]string{}
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && strings.HasPrefix(name, EnvPrefix) {
			given[name] = value
		}
	}
	for _, name := range serviceLinks(given) {
		delete(given, name)
	}
	return given
}

// serviceLinks returns the variables by which Kubernetes tells a pod about services: a service that is called headrace,
// or headrace-api, puts HEADRACE_SERVICE_HOST or HEADRACE_API_PORT_8080_TCP into each pod of its namespace.
func serviceLinks(given map[string]string) []string {
	var links []string
	for name := range given {
		service, ok := strings.CutSuffix(name, "_SERVICE_HOST")
		if _, both := given[service+"_SERVICE_PORT"]; !ok || !both {
			continue
		}
		for other := range given {
			if other == name || other == service+"_PORT" ||
				strings.HasPrefix(other, service+"_SERVICE_PORT") || strings.HasPrefix(other, service+"_PORT_") {
				links = append(links, other)
			}
		}
	}
	return links
}

// strangers refuses variables that aren't in the table.
func (l *loader) strangers(given map[string]string) {
	names := make([]string, 0, len(given))
	for name, value := range given {
		if value != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	candidates := make([]string, len(table))
	for i, k := range table {
		candidates[i] = strings.TrimPrefix(k.Env(), EnvPrefix)
	}
	for _, name := range names {
		bare, twin := strings.CutSuffix(strings.TrimPrefix(name, EnvPrefix), fileSuffix)
		near := Nearest(bare, candidates)
		if near != "" {
			near = EnvPrefix + near
		}
		if twin && near != "" && !strings.HasSuffix(near, fileSuffix) {
			near += fileSuffix
		}
		l.refuse(name, unknown("variable", near))
	}
}

// mounted reads the value in a file, without the newline that ends it, or says what is wrong.
func mounted(path string) (value, problem string) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", "can't be read: " + reason(err)
	}
	value = strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	if value == "" {
		return "", "is empty"
	}
	return value, ""
}

// reason is what went wrong with a file, without its path: what a variable names may be a secret put in the wrong place.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
