package config

// Layer is one of the places values come from; a later one overrides those before it.
type Layer string

// The layers, in the order of their weight.
const (
	FromDefault Layer = "default"
	FromFile    Layer = "file"
	FromEnv     Layer = "environment"
	FromFlag    Layer = "flag"
)

// Origin is where a value came from.
type Origin struct {
	Layer Layer
	// Name is the place within the layer: file and line, the variable, the flag. A default has none.
	Name string
	// mounted: the value is a file's, named by the variable. Such a value isn't repeated in messages.
	mounted bool
}

// String returns the layer and the place.
func (o Origin) String() string {
	if o.Name == "" {
		return string(o.Layer)
	}
	return string(o.Layer) + " " + o.Name
}

// Setting is a key with the value in effect.
type Setting struct {
	Key    Key
	Value  string // as it could be written; secrets and passwords masked
	Origin Origin
}

// Settings returns every key with its value in effect, in the order of the table.
func (c Config) Settings() []Setting {
	settings := make([]Setting, 0, len(table))
	for _, k := range table {
		settings = append(settings, Setting{Key: k, Value: k.show(&c), Origin: c.Origins[k.Name]})
	}
	return settings
}
