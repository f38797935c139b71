package show

import (
	"reflect"
	"strings"
)

// fillLists makes empty lists of those that are nil, so that a script that reads JSON meets [] and never null: jq's
// .list[] fails on null.
func fillLists(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			fillLists(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			fillLists(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field, tag := v.Field(i), v.Type().Field(i).Tag.Get("json")
			if tag == "-" || !field.CanSet() {
				continue
			}
			if field.Kind() == reflect.Slice && field.IsNil() && !strings.Contains(tag, ",omitempty") {
				field.Set(reflect.MakeSlice(field.Type(), 0, 0))
			}
			fillLists(field)
		}
	}
}
